import type { Point } from "../../src/trend/series.ts";
import { Random } from "../simulation/random.ts";

/** Random series that depend on a seed alone. */
export class Noise {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed, "noise");
  }

  /** From 0 to 1, without 1. */
  uniform(): number {
    return this.#random.next();
  }

  /** A standard normal number (Box & Muller). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Standard normal numbers, each of which has `phi` of the one before in it: white for 0, from 0 to below 1. */
  red(length: number, phi: number): number[] {
    let last = this.normal();
    return Array.from({ length }, (_, i) => {
      if (i > 0) last = phi * last + Math.sqrt(1 - phi * phi) * this.normal();
      return last;
    });
  }

  /** Independent standard normal numbers. */
  white(length: number): number[] {
    return this.red(length, 0);
  }

  /** Numbers without a mean or a variance (Cauchy): now and then one is larger than all the others together. */
  wild(length: number): number[] {
    return Array.from({ length }, () => this.normal() / this.normal());
  }

  /** The times of events that come as often at all times, `perSecond` on average, from 0 to `seconds`. */
  events(perSecond: number, seconds: number): number[] {
    const times: number[] = [];
    for (let at = this.#gap(perSecond); at < seconds; at += this.#gap(perSecond)) times.push(at);
    return times;
  }

  #gap(perSecond: number): number {
    return -Math.log(1 - this.uniform()) / perSecond;
  }
}

/** Values every `stepMs`. */
export function every(stepMs: number, values: readonly number[], firstMs = 0): Point[] {
  return values.map((value, i) => ({ ms: firstMs + i * stepMs, value }));
}
