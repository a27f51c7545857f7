import type { Transition } from "../../src/port/change.ts";
import { Publisher } from "../../src/port/publisher.ts";
import type { PortState } from "../../src/port/state.ts";
import { ReplyError } from "../../src/swss/database.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { ScriptedDatabase, settle } from "./scripteddatabase.ts";

/** A port without carrier, and one with all. */
export const DOWN: PortState = { admin: false, oper: false, mtu: 1500 };
export const UP: PortState = { admin: true, oper: true, mtu: 9100 };
/** What Redis says of a key that is no hash. */
export const WRONGTYPE = new ReplyError("WRONGTYPE Operation against a key holding the wrong kind of value");

/** The command that publishes a state (rule 19). */
export function hset(port: string, state: PortState): string[] {
  const oper = state.oper ? "up" : "down";
  const admin = state.admin ? "up" : "down";
  const fields = ["state", "ok", "netdev_oper_status", oper, "admin_status", admin, "mtu", `${state.mtu}`];
  return ["HSET", `PORT_TABLE|${port}`, ...fields];
}

/** The command that removes a port (rule 17). */
export function del(port: string): string[] {
  return ["DEL", `PORT_TABLE|${port}`];
}

/** The command that reads a port back. */
export function hmget(port: string): string[] {
  return ["HMGET", `PORT_TABLE|${port}`, "state", "netdev_oper_status", "admin_status", "mtu"];
}

/** A publisher, and the database whose answers the test gives. */
export class PublisherBench {
  readonly clock = new FakeClock();
  readonly database = new ScriptedDatabase();
  readonly acknowledged: (readonly string[])[] = [];
  readonly transitions: Transition[] = [];
  readonly publisher = new Publisher(this.clock, {
    onAcknowledged: (names) => this.acknowledged.push(names),
    onTransition: (transition) => this.transitions.push(transition),
  });

  /** A publisher that may write, and has written these and forgotten the events. */
  static async open(published: Readonly<Record<string, PortState>> = {}): Promise<PublisherBench> {
    const bench = new PublisherBench();
    await bench.publisher.connect(bench.database);
    const ports = Object.entries(published);
    for (const [name, state] of ports) bench.publisher.set(name, state, "event");
    bench.publisher.flush();
    if (ports.length > 0) await bench.database.next().answer(...ports.map(() => 4));
    bench.acknowledged.length = 0;
    return bench;
  }

  /** The commands of the flush in flight, which stays unanswered. */
  get sent(): readonly (readonly string[])[] {
    return this.database.pending[0]?.commands ?? [];
  }

  /** Loses the flush in flight and connects again, where STATE_DB has these values; returns what is read back. */
  async reconnect(...found: readonly (string | null)[][]): Promise<readonly (readonly string[])[]> {
    await this.database.next().lose();
    this.publisher.disconnect();
    return this.reconnectTo(...found);
  }

  /** Connects again, where STATE_DB has these values; returns what is read back. */
  async reconnectTo(...found: readonly (string | null)[][]): Promise<readonly (readonly string[])[]> {
    const connected = this.publisher.connect(this.database);
    await settle();
    const read = this.database.pending.length > 0 ? this.database.next() : undefined;
    await read?.answer(...found);
    await connected;
    return read?.commands ?? [];
  }
}
