import { formatPercentiles } from "./percentiles.ts";

/** How long STATE_DB stayed wrong after each fault was over. */
export class RecoveryTimes {
  readonly #title: string;
  readonly #times: { readonly fault: string; readonly ms: number }[] = [];

  constructor(title: string) {
    this.#title = title;
  }

  /** Notes one. */
  add(fault: string, ms: number): void {
    this.#times.push({ fault, ms });
  }

  /** A line for each fault, and the percentiles. */
  print(): void {
    if (this.#times.length === 0) return;
    const lines = this.#times.map(({ fault, ms }) => `  ${ms.toFixed(0).padStart(6)} ms  ${fault}`);
    const all = formatPercentiles(this.#times.map(({ ms }) => ms));
    console.log(`${this.#title}: right again after\n${lines.join("\n")}\n  ${all}`);
  }
}
