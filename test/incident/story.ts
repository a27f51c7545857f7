import { DEFAULT_CONFIG } from "../../src/config/schema.ts";
import { Daemon } from "../../src/daemon.ts";
import type { TrendFacts } from "../../src/http/sources.ts";
import { RECEIVED } from "../../src/netlink/socket.ts";
import { SimulatedKernel } from "../../src/rtnetlink/simulate.ts";
import { Notifier } from "../../src/systemd/notify.ts";
import { parseExposition, seriesOf } from "../metrics/exposition.ts";
import { TamperedKernel } from "../metrics/tamperedkernel.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { UP } from "../watch/watchbench.ts";
import { LosableDatabases } from "./losabledatabases.ts";

/** Between two looks of the daemon at its alert rules. */
const TICK_SECONDS = 5;
/** The switch has been well for so long when trouble comes; all times of the story count from there. */
const WELL_SECONDS = 1800;

const DOWN = 0x1;

/** The whole daemon on a clock that the test turns, with a kernel and databases in memory. */
export class Story implements AsyncDisposable {
  readonly clock = new FakeClock(Date.UTC(2026, 0, 31, 12));
  readonly databases = new LosableDatabases();
  readonly #links = new SimulatedKernel();
  readonly #kernel = new TamperedKernel(this.#links);
  readonly #ports = new Map<string, number>();
  readonly #changes: string[] = [];
  #states = new Map<string, string>();
  #seconds = -WELL_SECONDS;
  #daemon: Daemon | undefined;

  /** Begins one with these ports, all up; returns when the switch has been well for WELL_SECONDS. */
  static async begin(...ports: readonly string[]): Promise<Story> {
    const story = new Story();
    for (const name of ports) {
      story.#ports.set(name, story.#links.add(name));
      story.#links.change(story.#ports.get(name)!, { flags: UP });
    }
    const starting = Daemon.start({
      config: { ...DEFAULT_CONFIG, mode: "standalone" },
      source: story.#kernel,
      openDatabase: story.databases.open,
      clock: story.clock,
      notifier: new Notifier(undefined),
      env: {},
      once: false,
      isReal: false,
      version: "1",
      eoiuMs: 10_000,
      onBegin: () => {},
      applyLogger: () => {},
    });
    await story.clock.run(0);
    story.#daemon = await starting;
    await story.to(0);
    story.#changes.length = 0; // what each start has pending
    return story;
  }

  get daemon(): Daemon {
    return this.#daemon!;
  }

  /** Lets time pass until so many seconds after the begin of the trouble, and writes down each tick's changes. */
  async to(seconds: number): Promise<void> {
    while (this.#seconds < seconds) {
      const tick = (Math.floor(this.#seconds / TICK_SECONDS) + 1) * TICK_SECONDS;
      const until = Math.min(tick, seconds);
      await this.clock.run((until - this.#seconds) * 1000);
      this.#seconds = until;
      this.#note();
    }
  }

  /** A port goes down and up again at each of these times. */
  async flap(port: string, ...times: readonly number[]): Promise<void> {
    for (const seconds of times) {
      await this.to(seconds);
      for (const flags of [DOWN, UP]) {
        this.#links.change(this.#ports.get(port)!, { flags });
        await this.clock.run(0);
      }
    }
  }

  /** The kernel has no room for a message. */
  overrun(): void {
    this.#kernel.inject(RECEIVED.OVERRUN);
  }

  /** Which alerts came into which state after which tick: `120 redis_down firing`. */
  get changes(): readonly string[] {
    return this.#changes;
  }

  /** Some of the daemon's series now, without what all their names begin with. */
  async gauges(...names: readonly string[]): Promise<(number | undefined)[]> {
    const series = seriesOf(parseExposition(await this.daemon.watch.metrics.text()));
    return names.map((name) => series.get(`portsyncd_${name}`));
  }

  /** Where the daemon says that things are going. */
  async trends(): Promise<TrendFacts> {
    const facts = this.daemon.watch.trending.facts();
    await this.clock.run(0);
    return facts;
  }

  #note(): void {
    const states = new Map(
      this.daemon.watch.alerting.alerts.map(({ rule, port, alert: { state } }) => [
        port ? `${rule} ${port}` : rule,
        state,
      ]),
    );
    const all = [...new Set([...this.#states.keys(), ...states.keys()])].sort();
    for (const alert of all) {
      const state = states.get(alert) ?? "inactive";
      if (state !== this.#states.get(alert)) this.#changes.push(`${this.#seconds} ${alert} ${state}`);
    }
    this.#states = states;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon?.close();
  }
}
