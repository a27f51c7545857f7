import { ChangeWindow, LEAST_RATE_SPAN_MS } from "../util/changewindow.ts";
import type { Series } from "./series.ts";
import type { Snapshot } from "./snapshot.ts";

/** A port whose number does not change: all that has to be remembered. */
interface QuietPort {
  readonly value: number;
  /** Since when it is known to be so, in milliseconds. */
  readonly sinceMs: number;
}

/** How a counter or gauge of each port changed; a port whose number stays costs one comparison. */
export class PortSeries<M extends string> implements Series<M> {
  readonly #metric: M;
  readonly #windowMs: number;
  readonly #isCounter: boolean;
  readonly #quiet = new Map<string, QuietPort>();
  readonly #busy = new Map<string, ChangeWindow>();
  #atMs: number | undefined;

  /** `windowMs` is the length in milliseconds. */
  constructor(metric: M, windowMs: number, isCounter: boolean) {
    this.#metric = metric;
    this.#windowMs = windowMs;
    this.#isCounter = isCounter;
  }

  add(atMs: number, snapshot: Snapshot<M>): void {
    const lookedMs = this.#atMs;
    this.#atMs = atMs;
    const ports = snapshot.ports(this.#metric) ?? new Map<string, number>();
    for (const [port, value] of ports) {
      if (!Number.isFinite(value)) continue;
      const quiet = this.#quiet.get(port);
      if (quiet === undefined && !this.#busy.has(port)) this.#begin(lookedMs, atMs, port, value, snapshot);
      else if (quiet === undefined) this.#addBusy(atMs, port, value);
      else if (quiet.value !== value) this.#wake(atMs, port, quiet, value);
    }
    // A port that went away and comes back is another one.
    if (this.#quiet.size + this.#busy.size > ports.size)
      for (const map of [this.#quiet, this.#busy])
        for (const port of map.keys()) if (!ports.has(port)) map.delete(port);
  }

  /** By how much it changed within the window; undefined for a port that is not there, or was seen once without a change. */
  change(port: string): number | undefined {
    const quiet = this.#quiet.get(port);
    if (quiet === undefined) return this.#busy.get(port)?.change;
    return this.#atMs! > quiet.sinceMs ? 0 : undefined;
  }

  /** The same for each second, on average; undefined with less than a second, too. */
  perSecond(port: string): number | undefined {
    const quiet = this.#quiet.get(port);
    if (quiet === undefined) return this.#busy.get(port)?.perSecond;
    return this.#atMs! - quiet.sinceMs >= LEAST_RATE_SPAN_MS ? 0 : undefined;
  }

  /** A port that was not there at the look before: what its counter has from this life of it came since then. */
  #begin(lookedMs: number | undefined, atMs: number, port: string, value: number, snapshot: Snapshot<M>): void {
    const recent = this.#isCounter && lookedMs !== undefined ? snapshot.recent(this.#metric, port) : 0;
    if (recent > 0) this.#wake(atMs, port, { value: Math.max(0, value - recent), sinceMs: lookedMs! }, value);
    else this.#quiet.set(port, { value, sinceMs: atMs });
  }

  #addBusy(atMs: number, port: string, value: number): void {
    const window = this.#busy.get(port)!;
    window.add(atMs, value);
    if (!window.isFlat) return;
    this.#busy.delete(port);
    this.#quiet.set(port, { value, sinceMs: atMs - window.spanMs });
  }

  #wake(atMs: number, port: string, { value, sinceMs }: QuietPort, now: number): void {
    const window = new ChangeWindow(this.#windowMs, this.#isCounter);
    window.add(sinceMs, value);
    window.add(atMs, now);
    this.#quiet.delete(port);
    this.#busy.set(port, window);
  }
}
