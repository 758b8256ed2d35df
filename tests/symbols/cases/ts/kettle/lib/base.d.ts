export declare abstract class Heated {
  heat(to: number): void;
  protected glow(): void;
  get degrees(): number;
}
export declare const plain: unique symbol;
