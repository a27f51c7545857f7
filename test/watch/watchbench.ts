import { DEFAULT_CONFIG } from "../../src/config/schema.ts";
import { DEFAULT_HEALTH_LIMITS } from "../../src/health/health.ts";
import { Reconciler } from "../../src/port/reconciler.ts";
import { SimulatedKernel } from "../../src/rtnetlink/simulate.ts";
import { Store } from "../../src/store/store.ts";
import { MemoryDatabase } from "../../src/swss/memorydatabase.ts";
import { alertSettings } from "../../src/watch/alertsettings.ts";
import { Observations } from "../../src/watch/observations.ts";
import { Watch } from "../../src/watch/watch.ts";
import { parseExposition, seriesOf } from "../metrics/exposition.ts";
import { DEAF } from "../store/requests.ts";
import { FakeClock } from "../support/fakeclock.ts";

const WALL_MS = Date.UTC(2026, 0, 31, 12);
/** IFF_UP, IFF_RUNNING and IFF_LOWER_UP. */
export const UP = 0x1 | 0x40 | 0x10000;

/** A watch over a whole reconciler, with a kernel and databases in memory and a clock that the test turns. */
export class WatchBench implements AsyncDisposable {
  readonly clock = new FakeClock(WALL_MS);
  readonly kernel = new SimulatedKernel();
  readonly reconciler: Reconciler;
  readonly observations: Observations;
  readonly watch: Watch;

  private constructor() {
    const { clock } = this;
    const store = new Store(
      { enabled: false, directory: "/", backups: 0, retentionMs: 0, maxFileBytes: 0, backupIntervalMs: 0 },
      clock,
      DEAF,
    );
    const observations = (this.observations = new Observations(store, 10_000, clock.wallNow()));
    const options = {
      mode: "standalone",
      restart: "contract",
      once: false,
      matchesPattern: (name: string) => name.startsWith("eth"),
      receiveBufferBytes: 1,
      budget: { datagrams: 1000, ms: 1000 },
      auditMs: 86_400_000,
      eoiuMs: 10_000,
    } as const;
    this.reconciler = new Reconciler(
      {
        source: this.kernel,
        openDatabase: (name, handlers) => new MemoryDatabase(name, 0, "|").connector(handlers),
        clock,
        random: () => 0.5,
      },
      options,
      {
        onConnected: async () => {},
        onTransition: (transition) => observations.transition(transition, clock.wallNow()),
        onFlap: (name) => this.watch.flap(name),
        onChange: () => {},
      },
    );
    const parts = { reconciler: this.reconciler, store, observations, clock, version: "1" };
    this.watch = new Watch(parts, DEFAULT_HEALTH_LIMITS, alertSettings(DEFAULT_CONFIG, false));
  }

  /** One whose links are read, with these ports, all up. */
  static async open(...ports: readonly string[]): Promise<WatchBench> {
    const bench = new WatchBench();
    for (const name of ports) bench.kernel.change(bench.kernel.add(name), { flags: UP });
    bench.watch.start();
    await Promise.all([bench.reconciler.start(), bench.clock.run(100)]);
    return bench;
  }

  /** All series now. */
  async series(): Promise<Map<string, number>> {
    return seriesOf(parseExposition(await this.watch.metrics.text()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.watch[Symbol.dispose]();
    await this.reconciler.close();
  }
}
