import type { Cause } from "../rtnetlink/monitor.ts";

/** Why a port is looked at in the next flush, and since when it should have been. */
export interface Dirty {
  readonly cause: Cause;
  /** When the oldest event that STATE_DB has not acknowledged was received, on the clock; undefined without one. */
  readonly sinceMs: number | undefined;
}

/** The ports to look at in the next flush. */
export class DirtyPorts {
  #ports = new Map<string, Dirty>();
  #receivedMs: number | undefined;

  /** How many there are. */
  get size(): number {
    return this.#ports.size;
  }

  /** Their names. */
  names(): Iterable<string> {
    return this.#ports.keys();
  }

  /** Events that are told from here to endTurn() were received at `receivedMs`, on the clock. */
  beginTurn(receivedMs: number): void {
    this.#receivedMs = receivedMs;
  }

  /** What is told from here on has no time: nobody knows when it became so. */
  endTurn(): void {
    this.#receivedMs = undefined;
  }

  /** Something was said of the port. */
  mark(name: string, cause: Cause): void {
    const sinceMs = this.#ports.get(name)?.sinceMs ?? (cause === "event" ? this.#receivedMs : undefined);
    this.#ports.set(name, { cause, sinceMs });
  }

  /** The port has to be written again; what was said of it meanwhile comes after that, and is the cause. */
  again(name: string, { cause, sinceMs }: Dirty): void {
    const later = this.#ports.get(name);
    this.#ports.set(name, { cause: later?.cause ?? cause, sinceMs: sinceMs ?? later?.sinceMs });
  }

  /** Nothing is left to be done for the port. */
  delete(name: string): void {
    this.#ports.delete(name);
  }

  /** Takes them all: the next flush begins. */
  take(): ReadonlyMap<string, Dirty> {
    const taken = this.#ports;
    this.#ports = new Map();
    return taken;
  }
}
