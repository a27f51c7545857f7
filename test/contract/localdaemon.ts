import { openDatabases } from "../../src/cli/databases.ts";
import { DEFAULT_CONFIG } from "../../src/config/schema.ts";
import { Daemon } from "../../src/daemon.ts";
import type { LinkSource } from "../../src/rtnetlink/source.ts";
import { Notifier } from "../../src/systemd/notify.ts";
import { systemClock } from "../../src/util/clock.ts";
import type { SonicDb } from "../support/sonicdb.ts";

/** The daemon in the test's own process, so that its links can come from a fake kernel. */
export class LocalDaemon implements AsyncDisposable {
  readonly #daemon: Daemon;

  private constructor(daemon: Daemon) {
    this.#daemon = daemon;
  }

  /** Starts it; returns when its first publish was acknowledged. */
  static async start(db: SonicDb, source: LinkSource): Promise<LocalDaemon> {
    const database = { ...DEFAULT_CONFIG.database, sonic_db_config: db.configPath };
    const config = { ...DEFAULT_CONFIG, database };
    const daemon = await Daemon.start({
      config,
      source,
      openDatabase: openDatabases(config),
      clock: systemClock,
      notifier: new Notifier(undefined),
      env: {},
      once: false,
      eoiuMs: 10_000,
      onBegin: () => {},
      isReal: false,
      version: "0",
      applyLogger: () => {},
    });
    return new LocalDaemon(daemon);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon.stop();
  }
}
