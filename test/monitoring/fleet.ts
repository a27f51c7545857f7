import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { builtinRules } from "../../src/alert/builtin.ts";
import { DEFAULT_CONFIG } from "../../src/config/schema.ts";
import { ruleFile } from "../../src/monitoring/rulefile.ts";
import { canWatchSwitch, WatchedSwitch } from "../metrics/watchedswitch.ts";
import { waitUntil } from "../support/deadline.ts";
import { encodeSetMtu } from "../support/linkmessage.ts";
import { all } from "../support/requirement.ts";
import { canUsePrometheus, Prometheus } from "./prometheus.ts";
import { Scrapes } from "./scrapes.ts";

/** What a fleet needs. */
export const canUseFleet = all(canWatchSwitch, canUsePrometheus);

/** How often ports of the busy switch are made to flap before its restart, by their place. */
const FLAPS_BEFORE = [6, 1];
/** The same in all: after it the third flaps, and the second goes down for good. */
export const FLAPS = [6, 2, 1] as const;
/** Rows of STATE_DB that somebody deletes. */
export const DELETED_ROWS = 2;
/** For how long Redis is to be away, at least. */
const OUTAGE_SECONDS = 12;

const CONFIG = {
  restart: "adopt",
  database: { connection_timeout_secs: 1, retry_interval_secs: 0.2 },
  netlink: { receive_buffer_bytes: 4096 },
  audit: { interval_secs: 1 },
  store: { backups: 1 },
} as const;

/** One switch of the fleet and what it showed to Prometheus. */
interface Member {
  readonly bed: WatchedSwitch;
  readonly scrapes: Scrapes;
}

/** Two daemons, each on a real kernel and a real Redis, that a real Prometheus scrapes each second. */
export class Fleet implements AsyncDisposable {
  /** When Redis was away of `busy`, as seen in its metrics, in seconds since 1970. */
  outage = { start: 0, end: 0 };
  /** How long the restart of `busy` took until its initial sync was over, in seconds. */
  restartSeconds = 0;
  /** When `other` was started warm, in seconds since 1970. */
  warmSeconds = 0;
  /** The rules of which alerts fire of `busy` before it is started anew, in the daemon and in Prometheus. */
  firing: { daemon: readonly string[]; prometheus: readonly string[] } = { daemon: [], prometheus: [] };
  /** When all began, in seconds since 1970. */
  readonly begin = Date.now() / 1000;
  /** When all was over, in seconds since 1970. */
  end = 0;

  private constructor(
    readonly owned: AsyncDisposableStack,
    readonly prometheus: Prometheus,
    readonly busy: Member,
    readonly other: Member,
    readonly isServing: Set<WatchedSwitch>,
  ) {}

  /** Starts it; returns when Prometheus has scraped both. */
  static async start(): Promise<Fleet> {
    const owned = new AsyncDisposableStack();
    try {
      const isServing = new Set<WatchedSwitch>();
      const member = async (): Promise<Member> => {
        const bed = owned.use(await WatchedSwitch.running({ config: CONFIG }));
        isServing.add(bed);
        return {
          bed,
          scrapes: owned.use(new Scrapes(async () => (isServing.has(bed) ? bed.daemon.text() : undefined))),
        };
      };
      const [busy, other] = [await member(), await member()];
      const targets = [
        { instance: "busy", port: busy.scrapes.port },
        { instance: "other", port: other.scrapes.port },
      ];
      const rules = ruleFile(builtinRules({ maxLatencyUs: DEFAULT_CONFIG.performance.max_latency_us }));
      const prometheus = owned.use(await Prometheus.start(targets, rules.text));
      const fleet = new Fleet(owned, prometheus, busy, other, isServing);
      await fleet.untilScraped(3);
      return fleet;
    } catch (error) {
      await owned.disposeAsync();
      throw error;
    }
  }

  /** Waits until each was scraped so often from now on. */
  async untilScraped(times: number): Promise<void> {
    const before = [this.busy, this.other].map(({ scrapes }) => scrapes.count);
    const isDone = () => [this.busy, this.other].every(({ scrapes }, i) => scrapes.count >= before[i]! + times);
    await waitUntil(`${times} scrapes`, isDone, { seconds: 20 });
  }

  /** What happens to it, once. */
  async suffer(): Promise<void> {
    const { bed } = this.busy;
    for (const [i, times] of FLAPS_BEFORE.entries()) await bed.flap(bed.ports[i]!, times);
    await this.untilScraped(2);
    await this.#overrun();
    await this.untilScraped(2);
    for (const port of bed.ports.slice(0, DELETED_ROWS)) await bed.box.db.state.del(`PORT_TABLE|${port}`);
    for (const port of bed.ports.slice(0, DELETED_ROWS)) await bed.untilOper(port, "up");
    bed.daemon.daemon.refuseReload();
    await this.untilScraped(2);
    await this.#loseRedis();
    await this.untilScraped(2);
    await this.#compareAlerts();
    await this.#restart(this.busy, () => {});
    const { state } = this.other.bed.box.db;
    await state.hset("WARM_RESTART_ENABLE_TABLE|swss", { enable: "true" });
    await state.hset("WARM_RESTART_TABLE|portsyncd", { restore_count: "3" });
    await this.#restart(this.other, ({ bed: { daemon } }) => {
      const { directory } = daemon.config.store;
      writeFileSync(join(directory, "portsyncd.db"), "no database");
      for (const end of ["-wal", "-shm"]) rmSync(join(directory, `portsyncd.db${end}`), { force: true });
    });
    await bed.flap(bed.ports[2]!, 1);
    await bed.box.links.carrier(false, bed.ports[1]!);
    await bed.untilOper(bed.ports[1]!, "down");
    for (const { bed: each } of [this.busy, this.other]) await each.daemon.daemon.health();
    await this.untilScraped(4);
    // No scrape is on its way, of which it could not be said whether Prometheus has it by then.
    const ages = () => [this.busy, this.other].map(({ scrapes }) => Date.now() / 1000 - scrapes.lastSeconds);
    await waitUntil("pause between scrapes", () => ages().every((age) => age > 0.1 && age < 0.9));
    this.end = Date.now() / 1000;
    for (const { scrapes } of [this.busy, this.other]) scrapes.freeze();
  }

  /** More at once than the receive buffer holds. */
  async #overrun(): Promise<void> {
    const { bed } = this.busy;
    const overruns = async () => (await bed.daemon.series()).get("portsyncd_netlink_overruns_total")!;
    const before = await overruns();
    const ifindex = bed.ifindex(bed.ports[2]!);
    for (let i = 0; i < 500; i++) bed.requests.send(encodeSetMtu(ifindex, 2000 + i));
    await bed.untilField(bed.ports[2]!, "mtu", "2499");
    await waitUntil("overrun", async () => (await overruns()) > before);
  }

  async #loseRedis(): Promise<void> {
    const { bed, scrapes } = this.busy;
    const server = bed.box.db.server("STATE_DB");
    await server.freeze();
    await bed.box.links.mtu(3000, bed.ports[0]!);
    await bed.daemon.until("portsyncd_redis_connected", 0, 20);
    const start = Date.now() / 1000;
    await bed.daemon.daemon.health();
    await waitUntil("the outage", () => Date.now() / 1000 - start > OUTAGE_SECONDS, { seconds: 30, everyMs: 50 });
    server.thaw();
    await bed.daemon.until("portsyncd_redis_connected", 1, 20);
    this.outage = { start, end: Date.now() / 1000 };
    await bed.untilField(bed.ports[0]!, "mtu", "3000");
    if (scrapes.last("portsyncd_redis_connected") === undefined) throw new Error("nobody scraped");
  }

  async #compareAlerts(): Promise<void> {
    const { bed } = this.busy;
    await bed.daemon.daemon.health();
    const firing = [...(await bed.daemon.series())].flatMap(([name, value]) => {
      const [, rule] = /^portsyncd_alerts\{rule="(\w+)".*state="firing"\}$/.exec(name) ?? [];
      return rule !== undefined && value > 0 ? [rule] : [];
    });
    const alerts = (await this.prometheus.alerts()).filter(({ state }) => state === "firing");
    const prometheus = alerts.map(({ labels }) => labels["alertname"]!);
    this.firing = { daemon: firing.toSorted(), prometheus: prometheus.toSorted() };
  }

  async #restart(member: Member, whileDown: (member: Member) => void): Promise<void> {
    const { bed } = member;
    await bed.daemon.until("portsyncd_store_queued_transitions", 0);
    this.isServing.delete(bed);
    await bed.daemon.stop();
    whileDown(member);
    const startMs = performance.now();
    await bed.start();
    if (member === this.other) this.warmSeconds = Date.now() / 1000;
    await bed.daemon.untilKnown();
    await bed.daemon.until("portsyncd_initial_sync_duration_seconds_count", 2);
    if (member === this.busy) this.restartSeconds = (performance.now() - startMs) / 1000;
    this.isServing.add(bed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.owned.disposeAsync();
  }
}
