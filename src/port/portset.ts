import { getLog } from "../log/logger.ts";
import type { Clock } from "../util/clock.ts";
import { decodeName } from "../util/ifname.ts";

/** When the ports that still block PortInitDone are named for the first time, and then again and again. */
const FIRST_REPORT_MS = 10_000;
const NEXT_REPORT_MS = 60_000;
/** When a push that failed is tried again, if APPL_DB is not lost and found before. */
const RETRY_MS = 500;
/** Names in one log line; the rest is counted. */
const NAMES_A_LINE = 20;

const log = getLog("portset");

/** The ports of CONFIG_DB that have to be published before PortInitDone (g_portSet; rules 21 to 23). */
export class PortSet implements Disposable {
  readonly #clock: Clock;
  readonly #push: () => Promise<void>;
  readonly #pending = new Set<string>();
  /** Ports that were published before it was known which to wait for. */
  #early = new Set<string>();
  #armed = false;
  #pushing = false;
  #done = false;
  #disposed = false;
  #cancelReport = () => {};
  #cancelRetry = () => {};

  /** `push` sends PortInitDone; it rejects when it is not known to have arrived, and is then called again by retry(). */
  constructor(clock: Clock, push: () => Promise<void>) {
    this.#clock = clock;
    this.#push = push;
  }

  /** True once PortInitDone was acknowledged. */
  get done(): boolean {
    return this.#done;
  }

  /** The ports that still block PortInitDone. */
  get pending(): ReadonlySet<string> {
    return this.#pending;
  }

  /** The ports to wait for are complete, and those that the kernel had at the start are published. */
  arm(names: Iterable<string>): void {
    for (const name of names) if (!this.#early.has(name)) this.#pending.add(name);
    this.#early.clear();
    this.#armed = true;
    this.#report(FIRST_REPORT_MS);
    this.#finish();
  }

  /** These ports were published and acknowledged (rule 19). */
  published(names: readonly string[]): void {
    if (!this.#armed) for (const name of names) this.#early.add(name);
    else if (this.#pending.size > 0) for (const name of names) this.#pending.delete(name);
    this.#finish();
  }

  /** APPL_DB is there again: PortInitDone is sent if that is due. */
  retry(): void {
    this.#finish();
  }

  [Symbol.dispose](): void {
    this.#cancelReport();
    this.#cancelRetry();
    this.#disposed = true;
  }

  #finish(): void {
    if (!this.#armed || this.#pending.size > 0 || this.#pushing || this.#done || this.#disposed) return;
    this.#cancelRetry();
    this.#pushing = true;
    this.#push().then(
      () => {
        this.#pushing = false;
        this.#done = true;
        this.#cancelReport();
        log.notice("PortInitDone");
      },
      (error: unknown) => {
        this.#pushing = false;
        log.warn("PortInitDone was not sent: {error}; it will be tried again", { error: String(error) });
        this.#cancelRetry = this.#clock.after(RETRY_MS, () => this.#finish());
      },
    );
  }

  #report(delayMs: number): void {
    this.#cancelReport = this.#clock.after(delayMs, () => {
      const names = [...this.#pending];
      const ports = names.slice(0, NAMES_A_LINE).map(decodeName).join(" ");
      const more = Math.max(0, names.length - NAMES_A_LINE);
      log.notice("PortInitDone waits for {count} ports: {ports} (and {more} more)", {
        count: names.length,
        ports,
        more,
      });
      this.#report(NEXT_REPORT_MS);
    });
  }
}
