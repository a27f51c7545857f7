import { getLog } from "../log/logger.ts";
import { Backoff } from "../util/backoff.ts";
import type { Clock } from "../util/clock.ts";
import { decodeName } from "../util/ifname.ts";
import type { Dirty } from "./dirtyports.ts";

interface Refusal {
  readonly error: string;
  /** Why the port was to be written, and since when. */
  readonly dirty: Dirty;
}

const log = getLog("publisher");

/** The ports that STATE_DB refused: they wait to be tried again, and the others do not wait for them. */
export class Refusals {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  readonly #ports = new Map<string, Refusal>();
  readonly #backoff = new Backoff(100, 800);
  #cancel: (() => void) | undefined;

  /** Calls `onDue` when it is time to try again. */
  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** How many there are. */
  get size(): number {
    return this.#ports.size;
  }

  /** Their names. */
  names(): Iterable<string> {
    return this.#ports.keys();
  }

  /** The ports that were refused, and why they were to be written. */
  *entries(): Generator<[port: string, dirty: Dirty]> {
    for (const [port, { dirty }] of this.#ports) yield [port, dirty];
  }

  /** True for a port that was refused and is not written yet. */
  has(port: string): boolean {
    return this.#ports.has(port);
  }

  /** STATE_DB refused a port; each new error is told once. */
  add(port: string, error: string, dirty: Dirty): void {
    if (this.#ports.get(port)?.error !== error) {
      log.error("STATE_DB refused {port}: {error}; it will be tried again", { port: decodeName(port), error });
    }
    this.#ports.set(port, { error, dirty });
    this.#cancel ??= this.#clock.after(this.#backoff.next(), () => {
      this.#cancel = undefined;
      this.#onDue();
    });
  }

  /** A port was written, or need not be any more. */
  delete(port: string): void {
    if (this.#ports.delete(port) && this.#ports.size === 0) this.#backoff.reset();
  }

  /** STATE_DB is lost: all of it is looked at anew when it is back. */
  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#ports.clear();
  }
}
