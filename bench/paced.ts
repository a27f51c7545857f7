import type { RedisEvent } from "../test/support/keyspace.ts";
import type { Contender } from "./contender.ts";

/** What was measured of one change. */
export interface Latency {
  /** When STATE_DB had it, on performance.now(). */
  readonly atMs: number;
  /** Since the request. */
  readonly ms: number;
}

/** A change that STATE_DB does not show yet. */
interface Pending {
  readonly mtu: number;
  readonly askedMs: number;
}

/** The pace keeper looks at the clock so often; what is due then goes out in one datagram. */
const TICK_MS = 1;
const PREFIX = "PORT_TABLE|";
const PATIENCE_MS = 3000;

/**
 * Changes ports in turn at a steady pace, and takes for each change the time until STATE_DB has it. A write that came while
 * several changes of its port were under way is read, to see which of them it holds.
 */
export class Pace {
  readonly latencies: Latency[] = [];
  /** How late the pace keeper itself was, in milliseconds, at the worst: what of the latencies may be its own. */
  latestMs = 0;
  sent = 0;
  readonly #contender: Contender;
  readonly #ifindexes: readonly number[];
  readonly #pending: ReadonlyMap<string, Pending[]>;
  /** Keys of which an event may be still to come that belongs to a write that was read already. */
  readonly #doubtful = new Set<string>();

  constructor(contender: Contender) {
    this.#contender = contender;
    this.#ifindexes = contender.ifindexes();
    this.#pending = new Map(contender.ports.map((port) => [port, []]));
  }

  /** Takes an event of STATE_DB. */
  see({ key, atMs }: RedisEvent): void {
    const pending = this.#pending.get(key.slice(PREFIX.length));
    if (!pending) return;
    if (pending.length === 0) this.#doubtful.delete(key);
    if (pending.length > 1) this.#doubtful.add(key);
    if (this.#doubtful.has(key)) void this.#read(key, pending, atMs);
    else if (pending.length === 1) this.#settle(pending, pending[0]!.mtu, atMs);
  }

  /** Changes that STATE_DB does not show yet. */
  get missing(): number {
    let missing = 0;
    for (const pending of this.#pending.values()) missing += pending.length;
    return missing;
  }

  /** Makes `perSecond` changes a second for so long; `watch` is called at each tick. */
  async run(perSecond: number, seconds: number, watch: (nowMs: number) => void = () => {}): Promise<void> {
    const startMs = performance.now();
    let dueMs = startMs;
    for (let sent = 0; ;) {
      const nowMs = performance.now();
      this.latestMs = Math.max(this.latestMs, nowMs - dueMs);
      watch(nowMs);
      const due = Math.floor((Math.min(nowMs - startMs, seconds * 1000) / 1000) * perSecond);
      this.#send(due - sent);
      sent = due;
      if (nowMs - startMs >= seconds * 1000) return;
      dueMs = nowMs + TICK_MS;
      await Bun.sleep(TICK_MS);
    }
  }

  /** Waits until STATE_DB shows all, or does not get nearer to it for 3 s. */
  async settle(): Promise<void> {
    for (let [left, sinceMs] = [this.missing, performance.now()]; left > 0; await Bun.sleep(TICK_MS)) {
      if (this.missing < left) [left, sinceMs] = [this.missing, performance.now()];
      if (this.missing === 0 || performance.now() - sinceMs > PATIENCE_MS) return;
    }
  }

  #send(count: number): void {
    if (count <= 0) return;
    const askedMs = performance.now();
    const requests: Buffer[] = [];
    for (let i = 0; i < count; i++) {
      const port = this.sent++ % this.#ifindexes.length;
      const mtu = this.#contender.nextMtu();
      requests.push(this.#contender.setMtu([this.#ifindexes[port]!], mtu));
      this.#pending.get(this.#contender.ports[port]!)!.push({ mtu, askedMs });
    }
    this.#contender.requests.send(Buffer.concat(requests));
  }

  async #read(key: string, pending: Pending[], atMs: number): Promise<void> {
    this.#settle(pending, Number(await this.#contender.box.db.state.hget(key, "mtu")), atMs);
  }

  /** STATE_DB has this MTU: that change is there, and with it those before, whose place it took. */
  #settle(pending: Pending[], mtu: number, atMs: number): void {
    const last = pending.findIndex((change) => change.mtu === mtu);
    for (const { askedMs } of pending.splice(0, last + 1)) this.latencies.push({ atMs, ms: atMs - askedMs });
  }
}
