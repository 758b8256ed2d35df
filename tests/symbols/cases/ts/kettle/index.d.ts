import { Lid, Handle as Grip } from "./lib/parts";
import * as parts from "./lib/parts";
import type { Heated } from "./lib/base.js";

/** What is given on. */
export * from "./lib/base";
export { Lid, Lid as Cover } from "./lib/parts";
export { parts };
export { steep as make } from "./lib/tea";

/** Boils water. */
export declare class Kettle extends Heated {
  static of(degrees: number): Kettle;
  constructor(degrees?: number);
  readonly lid: Lid;
  grip: Grip | undefined;
  boil(): Promise<Water>;
  boil(to: number): Promise<Water>;
  fill(litres: number): this;
  empty: () => Kettle;
  names(): string[];
  waters(): Promise<Water[]>;
  options: { volume: number; lid: Lid };
  on<E extends string>(event: E, then: (event: E) => void): this;
  any(): any;
}
export interface Water {
  degrees: number;
  pour(): Water;
  /** Since 0.2. */
  kettle?: Kettle;
}
// Both are one.
export interface Water {
  freeze(): Ice;
}
export interface Ice { melt(): Water }
export declare function kettle(degrees: number): Kettle;
export declare namespace kettle {
  const version: string;
  function create(): Kettle;
  interface Options { lid: Lid }
}
export declare function pick<T>(of: T[]): T;
export type Any = Kettle | Water;
export type Named = Kettle;
export type Shape = { side: number; kettle: Kettle };
export declare function shape(): Shape;
export interface Bag { [name: string]: Kettle; known: Kettle }
export declare const bag: Bag;
export declare enum Heat { Low, High = 3 }
export interface Maker { (litres: number): Kettle; new (name: string): Water; version: string; defaults: Shape }
declare const maker: Maker;
export { maker };
export interface Looped extends Looped {}
export declare const looped: Looped;
export interface Emits extends EventTargetOfNobody { own(): void }
export declare const emits: Emits;
export declare const loose: any;
declare global {
  interface Window { kettle: Kettle }
}
export default Kettle;
export { Kettle as Boiler };
declare function made(): Kettle;
declare namespace Sorts { export { made, Kettle as Boiler } }
export { Sorts as Sorted, Sorts as Sums };
