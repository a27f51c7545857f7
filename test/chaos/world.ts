import type { Writer } from "../../src/swss/database.ts";
import { daemonBinary } from "../faults/daemonbinary.ts";
import { RedisProxy } from "../faults/redisproxy.ts";
import { refill, type Snapshot, snapshot } from "../faults/refill.ts";
import type { Daemon } from "../support/daemon.ts";
import { waitUntil } from "../support/deadline.ts";
import { portNames } from "../support/links.ts";
import type { RedisServer } from "../support/redis.ts";
import { Switch } from "../support/switch.ts";
import { LinkFleet } from "./linkfleet.ts";
import { StalenessWatch } from "./staleness.ts";

/** The longest that the daemon waits here: for a connection, twice as long for an answer, and between two attempts. */
const DATABASE = { connection_timeout_secs: 1, retry_interval_secs: 0.5, redis_host: "127.0.0.1" };
const NO_FILE = "/nonexistent/database_config.json";
/** Room for netlink messages: nearly none, little, and what is usual. */
export const RECEIVE_BUFFERS = [4096, 262_144, 16_777_216] as const;
const EX_UNAVAILABLE = 69;

/** What a fault is about. */
export type FaultKind = "server" | "connection" | "daemon";

/** A running switch, and what the nemesis may lay hands on. */
export class World implements AsyncDisposable {
  readonly #owned: AsyncDisposableStack;
  /** What goes wrong now. */
  readonly spoilt = new Set<FaultKind>();
  /** Redis has lost its data, and nobody has filled it again yet. */
  isEmpty = false;
  #isWarm = false;
  #rows: Snapshot | undefined;
  #daemon: Daemon | undefined;
  #receiveBuffer: number = RECEIVE_BUFFERS[1];
  #writer: Writer;
  /** The daemons that were to end. */
  readonly #dismissed = new WeakSet<Daemon>();

  private constructor(
    owned: AsyncDisposableStack,
    readonly box: Switch,
    readonly ports: readonly string[],
    readonly fleet: LinkFleet,
    readonly proxy: RedisProxy,
    readonly staleness: StalenessWatch,
    /** Those that the daemon may write with. */
    readonly writers: readonly [Writer, ...Writer[]],
  ) {
    this.#owned = owned;
    this.#writer = writers[0];
  }

  /** Opens one whose ports are published and whose PortInitDone was consumed. */
  static async open(portCount: number, writers: World["writers"]): Promise<World> {
    const owned = new AsyncDisposableStack();
    try {
      const box = owned.use(await Switch.open());
      const ports = portNames(portCount);
      await box.configure(ports);
      const fleet = owned.use(await LinkFleet.open(box.namespace, ports));
      const proxy = owned.use(new RedisProxy(box.namespace, box.db.server("STATE_DB").socketPath));
      const staleness = owned.use(await StalenessWatch.open(box.db, box.namespace, ports));
      const world = new World(owned, box, ports, fleet, proxy, staleness, writers);
      await world.#bringUp();
      return world;
    } catch (error) {
      await owned.disposeAsync();
      throw error;
    }
  }

  async #bringUp(): Promise<void> {
    await this.startDaemon();
    await this.#untilPopped("PortConfigDone");
    await this.fleet.create(this.ports);
    await this.#untilPopped("PortInitDone");
    await this.box.expectStateEqualsKernel(this.ports);
    const rows = await snapshot(this.box.db);
    this.#rows = { ...rows, STATE_DB: new Map() };
  }

  async #untilPopped(name: string): Promise<void> {
    await waitUntil(name, async () => (await this.box.pop()).includes(name), { seconds: 20 });
    while ((await this.box.pop()).length > 0);
  }

  /** The daemon that runs, or that has just ended. */
  get daemon(): Daemon {
    return this.#daemon!;
  }

  /** The Redis server. */
  get server(): RedisServer {
    return this.box.db.server("STATE_DB");
  }

  /** True while the daemon is there, stopped or not. */
  get runs(): boolean {
    return this.daemon.exitCode === undefined;
  }

  /** Starts of the daemon are warm until all is well again. */
  async allowWarmStarts(): Promise<void> {
    this.#isWarm = true;
    await this.#enableWarmStarts(true);
  }

  /** After all faults: brings back what a warm start waits for, and has the next starts be as usual. */
  async settle(): Promise<void> {
    await this.fleet.bringBack();
    if (!this.#isWarm) return;
    await this.#enableWarmStarts(false);
    await this.fleet.create(this.fleet.missing());
    this.#isWarm = false;
  }

  async #enableWarmStarts(enable: boolean): Promise<void> {
    await this.box.db.state.hset("WARM_RESTART_ENABLE_TABLE|swss", { enable: `${enable}` });
  }

  /** Starts a daemon that takes the switch over as it is. */
  async startDaemon(receiveBuffer: number = this.#receiveBuffer, writer: Writer = this.#writer): Promise<void> {
    this.#receiveBuffer = receiveBuffer;
    this.#writer = writer;
    this.#daemon = await this.box.start({
      binary: await daemonBinary(),
      config: {
        restart: "adopt",
        audit: { interval_secs: 1 },
        shutdown: { timeout_secs: 1 },
        netlink: { receive_buffer_bytes: receiveBuffer },
        performance: { writer },
        database: { ...DATABASE, redis_port: this.proxy.port, sonic_db_config: NO_FILE },
      },
    });
  }

  /** Ends the daemon; its end is none that is held against it. */
  async endDaemon(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    this.#dismissed.add(this.daemon);
    this.daemon.signal("SIGCONT");
    this.daemon.signal(signal);
    await this.daemon.exited(15);
  }

  /** True when the daemon has decided how it starts. */
  get hasStarted(): boolean {
    return this.daemon.lines.some((line) => /\d+ of them ports/.test(line));
  }

  /** Starts the daemon again where it gave Redis up before it had begun. Throws when it ended in any other way. */
  async tendDaemon(): Promise<void> {
    const { exitCode, lines } = this.daemon;
    if (exitCode === undefined || this.#dismissed.has(this.daemon)) return;
    if (exitCode !== EX_UNAVAILABLE || this.hasStarted) {
      throw new Error(`the daemon ended with ${exitCode}:\n${lines.slice(-20).join("\n")}`);
    }
    await this.startDaemon();
  }

  /** Others on the switch write what Redis has lost: configuration, rows of ports and the two marks. */
  async refill(): Promise<void> {
    await refill(this.box.db, this.#rows!);
  }

  /** Connects all observers again after Redis was lost. */
  async reconnect(): Promise<void> {
    await this.box.db.connect();
    await this.staleness.connect();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}
