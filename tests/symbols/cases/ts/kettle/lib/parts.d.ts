export interface Lid { open(): void; close(): boolean; toJSON(): string }
export class Handle { hold(): Lid }
