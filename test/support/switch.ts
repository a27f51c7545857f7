import { Daemon, type DaemonOptions } from "./daemon.ts";
import { type WaitOptions, waitUntil } from "./deadline.ts";
import { Links } from "./links.ts";
import { Namespace } from "./namespace.ts";
import { Orchagent, type PopListener, popPorts } from "./orchagent.ts";
import { rowDifferences } from "./portrow.ts";
import { type DatabaseChanges, SonicDb } from "./sonicdb.ts";
import { TempDir } from "./tempdir.ts";

/** What a switch is opened with. */
export interface SwitchOptions {
  readonly databases?: DatabaseChanges;
  /** Default: a new one. */
  readonly namespace?: Namespace;
}

/** A switch without hardware: private links, private Redis, and the daemon and orchagent that a test starts in it. */
export class Switch implements AsyncDisposable {
  readonly links: Links;
  readonly #owned: AsyncDisposableStack;

  private constructor(
    owned: AsyncDisposableStack,
    readonly directory: string,
    readonly namespace: Namespace,
    readonly db: SonicDb,
  ) {
    this.#owned = owned;
    this.links = new Links(namespace);
  }

  /** Opens one that has no port, no row and no daemon yet. */
  static async open(options: SwitchOptions = {}): Promise<Switch> {
    const owned = new AsyncDisposableStack();
    try {
      const { path } = owned.use(new TempDir());
      const namespace = options.namespace ?? owned.use(await Namespace.open());
      const db = owned.use(await SonicDb.open(path, options.databases));
      return new Switch(owned, path, namespace, db);
    } catch (error) {
      await owned.disposeAsync();
      throw error;
    }
  }

  /** Writes CONFIG_DB PORT rows, with `fields` added; `admin_status: undefined` leaves that out, as rule 8a may need. */
  async configure(ports: readonly string[], fields: Readonly<Record<string, string | undefined>> = {}): Promise<void> {
    const row = (port: string) => {
      const number = Number(port.replace(/\D/g, "") || 0);
      const lanes = [0, 1, 2, 3].map((lane) => number + lane).join(",");
      const usual = {
        admin_status: "up",
        alias: `etp${number}`,
        index: `${number}`,
        lanes,
        mtu: "9100",
        speed: "100000",
      };
      const entries = Object.entries({ ...usual, ...fields }).filter(([, value]) => value !== undefined);
      return Object.fromEntries(entries) as Record<string, string>;
    };
    await Promise.all(ports.map((port) => this.db.config.hset(`PORT|${port}`, row(port))));
  }

  /** Starts a daemon in the switch; does not wait for anything. */
  async start(options: Partial<DaemonOptions> = {}): Promise<Daemon> {
    const daemon = await Daemon.start({
      directory: this.directory,
      namespace: this.namespace,
      databaseConfig: this.db.configPath,
      ...options,
    });
    return this.#owned.use(daemon);
  }

  /** Starts a daemon and waits until it has pushed PortConfigDone to APPL_DB, as a cold start does. */
  async startCold(options: Partial<DaemonOptions> = {}): Promise<Daemon> {
    const recorder = await this.db.record("APPL_DB", "_PORT_TABLE:PortConfigDone");
    const daemon = await this.start(options);
    await waitUntil("PortConfigDone", () => recorder.events.some(({ event }) => event === "hset"), {
      seconds: 20,
      hopeless: () => ended(daemon),
      seen: () => daemon.lines.slice(-10).join("\n"),
    });
    return daemon;
  }

  /** Pops what is pending in APPL_DB once. */
  pop(): Promise<string[]> {
    return popPorts(this.db.appl);
  }

  /** Lets a stand-in for orchagent pop from here on. */
  async orchagent(onPop?: PopListener): Promise<Orchagent> {
    return this.#owned.use(await Orchagent.follow(this.db, onPop));
  }

  /** What differs between STATE_DB and the kernel now, one line a port. */
  async differences(ports: readonly string[]): Promise<string[]> {
    const [rows, links] = await Promise.all([this.db.state.hashes("PORT_TABLE|*"), this.links.table()]);
    return rowDifferences(ports, rows, links);
  }

  /** Waits until STATE_DB says of each port what the kernel says, or has no row where the kernel has no link. */
  async expectStateEqualsKernel(ports: readonly string[], options: WaitOptions = {}): Promise<void> {
    let last: string[] = [];
    const probe = async () => {
      last = await this.differences(ports);
      return last.length === 0;
    };
    const seen = () => `${last.length} of ${ports.length} ports differ\n${last.slice(0, 5).join("\n")}`;
    await waitUntil("STATE_DB equal to the kernel", probe, { everyMs: 20, seen, ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}

function ended(daemon: Daemon): string | undefined {
  if (daemon.exitCode === undefined) return undefined;
  return `the daemon ended with ${daemon.exitCode}: ${daemon.lines.slice(-5).join(" | ")}`;
}
