import { IFF } from "../../ffi/linux/if.ts";
import type { StartKind } from "../../src/port/startkind.ts";
import type { Netdev } from "./netdev.ts";
import { flagsOf } from "./netdev.ts";

/** What the replies and notifications that reached a process say of a row in APPL_DB. */
interface Evidence {
  readonly atTick: number;
  readonly present: boolean;
}

/** A state as HSET writes it. */
export function stateText(netdev: Netdev): string {
  const flags = flagsOf(netdev);
  return `ok ${flags & IFF.RUNNING ? "up" : "down"} ${flags & IFF.UP ? "up" : "down"} ${netdev.mtu}`;
}

/** What one process did and what it could know, as far as it can be seen from outside. */
export class ProcessRecord {
  /** When it joined the link group; netdevs that are older are not its ports after a cold start. */
  joinedAtTick: number | undefined;
  /** Netdevs that were there when the process joined. */
  readonly older = new Set<Netdev>();
  /** Those of them that were ports, so that they are none of this start (rule 8c), for sure or perhaps. */
  readonly old = new Map<Netdev, "sure" | "perhaps">();
  /** Ifindexes of netdevs whose end could not be told: the next netdev that has one may be taken for the same. */
  readonly lostEnds = new Set<number>();
  /** States that netdevs of a name had, for names that a port of this process had at some time. */
  readonly states = new Map<string, Set<string>>();
  /** What the process had read of the kernel when the last acknowledged DEL of a row was sent. */
  readonly removedAtTick = new Map<string, number>();
  /** Ports of CONFIG_DB as they were read, and those whose rows had an admin_status before ports were pushed (rule 8a). */
  configPorts = new Set<string>();
  readonly consumed = new Set<string>();
  pushedPorts = false;
  configDone: "no" | "sent" | "done" = "no";
  initDone: "no" | "sent" | "done" = "no";
  /** Ports whose HSET was sent, and whose HSET was acknowledged. */
  readonly sent = new Set<string>();
  readonly acknowledged = new Set<string>();
  /** Ports whose HSET was acknowledged, or sent and then found in STATE_DB. */
  readonly confirmed = new Set<string>();
  /** Rows that this process wrote and that were not deleted or replaced since. */
  readonly ownRows = new Set<string>();
  /** What the process had read of the kernel when it sent the last HSET of a row, until it sends a DEL or finds no row. */
  readonly writtenAtTick = new Map<string, number>();
  newestLossTick = 0;
  /** When the newest message was sent that the process has read, and the oldest that it will never read. */
  readTick = 0;
  lossTick: number | undefined;
  /** True when it has read a whole dump. */
  dumped = false;
  flushesInFlight = 0;
  /** The restore_count that it wrote. */
  restoreCount: number | undefined;
  kind: StartKind | undefined;
  /** When a notification of a row arrived last. */
  readonly noticedAt = new Map<string, number>();
  /** Looks at single rows that are not answered yet: only the last answer counts. */
  readonly looks = new Map<string, number>();
  readonly #newest = new Map<string, Evidence>();
  readonly #latest = new Map<string, boolean>();

  /** A reply or a notification of what was true at that tick has arrived. */
  learn(name: string, atTick: number, present: boolean): void {
    this.#latest.set(name, present);
    const newest = this.#newest.get(name);
    if (!newest || newest.atTick <= atTick) this.#newest.set(name, { atTick, present });
  }

  /** True when the process could believe that the row is there. */
  mayBelieveIn(name: string): boolean {
    return this.#newest.get(name)?.present === true || this.#latest.get(name) === true;
  }

  /** Notes the state of a netdev that is a port of this process, or may be. */
  see(netdev: Netdev): void {
    if (this.joinedAtTick === undefined || this.old.get(netdev) === "sure" || netdev.kind === "team") return;
    const states = this.states.get(netdev.name);
    if (states) states.add(stateText(netdev));
    else this.states.set(netdev.name, new Set([stateText(netdev)]));
  }
}
