import { Database } from "../support/database.ts";
import { KeyspaceRecorder } from "../support/keyspace.ts";
import type { LinkNotice } from "../support/linkmessage.ts";
import { LinkWatch } from "../support/linksocket.ts";
import type { Namespace } from "../support/namespace.ts";
import { rowDifferences, rowFits } from "../support/portrow.ts";
import type { SonicDb } from "../support/sonicdb.ts";

/** How long ports were wrong, in milliseconds, each time that one was. */
export interface Staleness {
  /** While Redis served and the daemon ran. */
  readonly calm: number[];
  /** While a fault kept one of them from it for part of the time. */
  readonly disturbed: number[];
}

const PREFIX = "PORT_TABLE|";

/** Observes the kernel and STATE_DB beside the daemon, and takes the time from when a port's row is wrong to when it is right. */
export class StalenessWatch implements Disposable {
  readonly staleness: Staleness = { calm: [], disturbed: [] };
  readonly #db: SonicDb;
  readonly #ports: ReadonlySet<string>;
  readonly #watch: LinkWatch;
  readonly #links = new Map<number, LinkNotice>();
  readonly #names = new Map<string, LinkNotice>();
  readonly #rows = new Map<string, Record<string, string>>();
  readonly #wrong = new Map<string, { readonly sinceMs: number; disturbed: boolean }>();
  readonly #disturbances = new Set<string>();
  #recorder: KeyspaceRecorder | undefined;
  #reader: Database | undefined;

  private constructor(db: SonicDb, namespace: Namespace, ports: readonly string[]) {
    this.#db = db;
    this.#ports = new Set(ports);
    this.#watch = new LinkWatch((notice, atMs) => this.#hear(notice, atMs), namespace);
  }

  /** Starts while no port of the namespace has a netdev. */
  static async open(db: SonicDb, namespace: Namespace, ports: readonly string[]): Promise<StalenessWatch> {
    const watch = new StalenessWatch(db, namespace, ports);
    await watch.connect();
    return watch;
  }

  /** A fault begins: who is wrong until it ends is so because of it. */
  disturb(fault: string): void {
    this.#disturbances.add(fault);
    for (const wrong of this.#wrong.values()) wrong.disturbed = true;
  }

  /** All faults are over and every port is right. */
  calm(): void {
    this.#disturbances.clear();
  }

  /** Of the ports that are wrong now, as far as is known here, what is wrong. */
  get wrong(): string[] {
    const links = new Map([...this.#names].filter(([name]) => this.#wrong.has(name)));
    const rows = new Map([...this.#rows].map(([port, row]) => [`${PREFIX}${port}`, row]));
    return rowDifferences([...this.#wrong.keys()], rows, links);
  }

  /** Listens to STATE_DB anew, after Redis was lost, and reads it all. */
  async connect(): Promise<void> {
    this.#disconnect();
    const { socketPath } = this.#db.server("STATE_DB");
    const { id } = this.#db.databases.STATE_DB;
    const reader = await Database.open(socketPath, id);
    const recorder = await KeyspaceRecorder.open(socketPath, { keys: { [id]: `${PREFIX}*` } });
    this.#reader = reader;
    this.#recorder = recorder;
    recorder.on(({ key }) => {
      recorder.clear();
      void this.#read(reader, key.slice(PREFIX.length));
    });
    await Promise.all([...this.#ports].map((port) => this.#read(reader, port)));
  }

  #disconnect(): void {
    this.#recorder?.[Symbol.dispose]();
    this.#reader?.[Symbol.dispose]();
  }

  async #read(reader: Database, port: string): Promise<void> {
    // A Redis that is lost, or a row that is no hash: the next event or connection tells more.
    const row = await reader.hgetall(`${PREFIX}${port}`).catch(() => undefined);
    if (!row || reader !== this.#reader) return;
    this.#watch.poll(); // what the daemon knew, and more
    this.#rows.set(port, row);
    this.#judge(port, performance.now());
  }

  #hear(notice: LinkNotice, atMs: number): void {
    const before = this.#links.get(notice.ifindex);
    if (before && (notice.type === "del" || before.ifname !== notice.ifname)) this.#release(before, atMs);
    if (notice.type === "del") {
      this.#links.delete(notice.ifindex);
      return;
    }
    this.#links.set(notice.ifindex, notice);
    this.#names.set(notice.ifname, notice);
    this.#judge(notice.ifname, atMs);
  }

  #release({ ifname, ifindex }: LinkNotice, atMs: number): void {
    if (this.#names.get(ifname)?.ifindex !== ifindex) return;
    this.#names.delete(ifname);
    this.#judge(ifname, atMs);
  }

  #judge(port: string, atMs: number): void {
    if (!this.#ports.has(port)) return;
    const wrong = this.#wrong.get(port);
    if (!rowFits(this.#rows.get(port), this.#names.get(port))) {
      if (!wrong) this.#wrong.set(port, { sinceMs: atMs, disturbed: this.#disturbances.size > 0 });
      return;
    }
    if (!wrong) return;
    this.#wrong.delete(port);
    (wrong.disturbed ? this.staleness.disturbed : this.staleness.calm).push(atMs - wrong.sinceMs);
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    this.#disconnect();
  }
}
