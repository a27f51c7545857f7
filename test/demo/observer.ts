import type { Fields } from "../support/database.ts";
import type { LinkNotice } from "../support/linkmessage.ts";
import { type LinkState, rowFits } from "../support/portrow.ts";

/** How many of the last latencies the percentiles are taken from. */
const LATENCIES = 10_000;

/** What is seen of a port from outside the daemon. */
export interface PortView {
  readonly name: string;
  readonly kernel: LinkState | undefined;
  readonly row: Fields | undefined;
  readonly equal: boolean;
  readonly latencyMs: number | undefined;
}

interface Seen {
  kernel: LinkState | undefined;
  row: Fields | undefined;
  /** The oldest notification that STATE_DB does not show yet. */
  waitingSinceMs: number | undefined;
  latencyMs: number | undefined;
}

/**
 * Compares what the kernel tells with what STATE_DB holds. A latency is the time from the first notification that made a
 * port's row wrong to the keyspace event of the write that made it right.
 */
export class Observer {
  /** Notifications about the ports. */
  events = 0;
  readonly #ports: ReadonlyMap<string, Seen>;
  readonly #latenciesMs: number[] = [];
  #measured = 0;

  constructor(ports: readonly string[]) {
    const unseen = { kernel: undefined, row: undefined, waitingSinceMs: undefined, latencyMs: undefined };
    this.#ports = new Map(ports.map((port) => [port, { ...unseen }]));
  }

  /** Takes a notification of the kernel. */
  seeLink(notice: LinkNotice, atMs: number): void {
    const port = this.#ports.get(notice.ifname);
    if (!port) return;
    this.events++;
    port.kernel = notice.type === "new" ? notice : undefined;
    if (rowFits(port.row, port.kernel)) port.waitingSinceMs = undefined;
    else port.waitingSinceMs ??= atMs;
  }

  /** Takes a row of STATE_DB as it was read after a keyspace event that arrived at `atMs`. */
  seeRow(name: string, row: Fields, atMs: number): void {
    const port = this.#ports.get(name);
    if (!port) return;
    port.row = Object.keys(row).length > 0 ? row : undefined;
    if (!rowFits(port.row, port.kernel)) {
      port.waitingSinceMs ??= atMs;
    } else if (port.waitingSinceMs !== undefined) {
      port.latencyMs = atMs - port.waitingSinceMs;
      port.waitingSinceMs = undefined;
      this.#latenciesMs[this.#measured++ % LATENCIES] = port.latencyMs;
    }
  }

  /** Every port, in the order given. */
  view(): PortView[] {
    return [...this.#ports].map(([name, { kernel, row, latencyMs }]) => ({
      name,
      kernel,
      row,
      equal: rowFits(row, kernel),
      latencyMs,
    }));
  }

  /** The ports whose rows are wrong now. */
  wrong(): string[] {
    return [...this.#ports].filter(([, { kernel, row }]) => !rowFits(row, kernel)).map(([name]) => name);
  }

  /** The latency that a share of the last ones does not exceed; undefined when none was measured. */
  latencyMs(share: number): number | undefined {
    const sorted = this.#latenciesMs.toSorted((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  }
}
