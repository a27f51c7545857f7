import type { StartKind } from "../../src/port/startkind.ts";
import { PORT_FIELDS } from "../../src/port/state.ts";
import { type Reply, ReplyError } from "../../src/swss/database.ts";
import {
  APPL_DB,
  CONFIG_DB,
  type DatabaseName,
  PORT_CONFIG_DONE,
  PORT_INIT_DONE,
  STATE_DB,
} from "../../src/swss/schema.ts";
import {
  APPL_PREFIX,
  type Command,
  CONFIG_PREFIX,
  isEmpty,
  isFrontPanel,
  isLook,
  isPortWrite,
  isPush,
  isWhole,
  STATE_PREFIX,
} from "./commands.ts";
import { NAMES } from "./names.ts";
import type { Netdev } from "./netdev.ts";
import { checkPush } from "./pushes.ts";
import { ProcessRecord } from "./record.ts";
import type { Site } from "./site.ts";
import { Violation } from "./violation.ts";

const READS = new Set(["PING", "CONFIG", "PSUBSCRIBE", "HGET", "HMGET", "HGETALL", "HLEN", "HEXISTS", "KEYS", "SCAN"]);
/** What one process may have in flight: more would grow with events and not with ports. */
const MOST_COMMANDS = 12 * NAMES.length;

/** What the oracle looks at. */
export interface OracleSite extends Site {
  /** True when the process has read the first dump, or goes on without it. */
  readonly startedLinks: boolean;
  /** Whether netdevs that are there before a process are not its ports; undefined when they are. */
  ageOfNetdevs(restoreCount: number | undefined): "sure" | "perhaps" | undefined;
}

/** Watches what every process sends and learns, and says what must not be. */
export class Oracle {
  readonly #world: OracleSite;
  /** When the netdev that has a name got it; for a name that none has, this very moment. */
  readonly #heldSince = new Map<string, number>();
  #tick = 1;
  #inFlight = 0;
  /** What the process knew of the kernel (DEL) or of Redis (HLEN) when a command was sent, and when it was carried out. */
  readonly #knownAt = new WeakMap<Command, number>();
  readonly #executedAt = new WeakMap<Command, number>();
  record = new ProcessRecord();

  constructor(world: OracleSite) {
    this.#world = world;
  }

  /** A new process begins. */
  begin(): void {
    this.record = new ProcessRecord();
    this.#inFlight = 0;
  }

  onName(name: string, netdev: Netdev | undefined): void {
    this.#tick++;
    if (!netdev) {
      this.#heldSince.delete(name);
      return;
    }
    this.#heldSince.set(name, this.#tick);
    const { old, older, lostEnds, dumped, joinedAtTick } = this.record;
    // Until a dump has told, nobody knows which name a netdev had when the process joined.
    const early = joinedAtTick !== undefined && (!this.#world.startedLinks || (!dumped && older.has(netdev)));
    if ((early && (isFrontPanel(name) || old.has(netdev))) || lostEnds.has(netdev.ifindex)) old.set(netdev, "perhaps");
    this.record.see(netdev);
  }

  /** Messages are sent now that the process will not get as they are. */
  onLoss(netdev: Netdev | undefined): void {
    const { record } = this;
    record.lossTick ??= this.#tick;
    record.newestLossTick = this.#tick;
    // What only the first dump tells of may be older than the process (rule 8c), however late that dump is.
    if (netdev && record.joinedAtTick !== undefined && !record.dumped)
      record.old.set(netdev, record.old.get(netdev) ?? "perhaps");
  }

  /** The process has read a message that was sent then. */
  onRead(tick: number): void {
    this.record.readTick = Math.max(this.record.readTick, tick);
  }

  /** The process has read a whole dump that was asked for then: it knows what was lost before. */
  onDumped(askedTick: number): void {
    this.record.dumped = true;
    if (this.record.lossTick !== undefined && this.record.lossTick < askedTick) this.record.lossTick = undefined;
  }

  get tick(): number {
    return this.#tick;
  }

  onState(netdev: Netdev): void {
    this.record.see(netdev);
  }

  onLostEnd(netdev: Netdev): void {
    this.record.lostEnds.add(netdev.ifindex);
  }

  /** The process joins the link group. */
  onJoined(netdevs: Iterable<Netdev>): void {
    const { record } = this;
    record.joinedAtTick = ++this.#tick;
    const age = this.#world.ageOfNetdevs(record.restoreCount);
    for (const netdev of netdevs) {
      record.older.add(netdev);
      if (age && isFrontPanel(netdev.name)) record.old.set(netdev, age);
      record.see(netdev);
    }
  }

  onSent(database: DatabaseName, commands: readonly Command[]): void {
    this.#tick++;
    this.#inFlight += commands.length;
    this.#expect("memory", this.#inFlight <= MOST_COMMANDS, () => `${this.#inFlight} commands are in flight`);
    if (database === STATE_DB && commands.some(isPortWrite)) {
      this.#expect("one flush", ++this.record.flushesInFlight <= 1, () => "a second flush is in flight");
      this.#checkFlush(commands);
    }
    if (isLook(commands)) this.#countLook(commands[0]!, 1);
    for (const command of commands) this.#checkSent(database, command);
  }

  onExecuted(database: DatabaseName, command: Command, reply: Reply | ReplyError): void {
    this.#tick++;
    if (reply instanceof ReplyError) return;
    const [verb, key = ""] = command;
    const { record } = this;
    this.#executedAt.set(command, this.#tick);
    if (database === STATE_DB && isPortWrite(command)) {
      const name = key.slice(STATE_PREFIX.length);
      if (verb === "DEL") record.ownRows.delete(name);
      else record.ownRows.add(name);
    } else if (database === STATE_DB && verb === "HSET") {
      record.restoreCount = Number(command[3]);
    } else if (database === CONFIG_DB && verb === "KEYS") {
      record.configPorts = new Set((reply as string[]).map((port) => port.slice(CONFIG_PREFIX.length)));
    }
  }

  onSettled(
    database: DatabaseName,
    commands: readonly Command[],
    replies: readonly (Reply | ReplyError)[] | undefined,
  ): void {
    this.#tick++;
    this.#inFlight -= commands.length;
    if (database === STATE_DB && commands.some(isPortWrite)) this.record.flushesInFlight--;
    if (isLook(commands)) this.#countLook(commands[0]!, -1);
    if (!replies) return;
    for (const [i, command] of commands.entries()) this.#onReply(database, command, replies[i]!);
  }

  /** A notification is sent; what is returned is called when it arrives. */
  onNotice(database: DatabaseName, key: string, event: string): () => void {
    const { record } = this;
    const tick = ++this.#tick;
    return () => {
      const isRow = database === APPL_DB && key.startsWith(APPL_PREFIX);
      if (!isRow) return;
      const name = key.slice(APPL_PREFIX.length);
      record.noticedAt.set(name, ++this.#tick);
      if (event === "hset") record.learn(name, tick, true);
    };
  }

  /** The process says how it started. */
  onStarted(kind: StartKind): void {
    this.record.kind = kind;
    const isCold = kind.name === "cold";
    const isWarm = kind.name === "warm";
    this.#expect("PortConfigDone when cold", isCold === (this.record.configDone === "done"), () => kind.name);
    this.#expect(
      "restore_count",
      kind.name === "standalone" || isWarm === this.record.restoreCount! > 0,
      () => kind.name,
    );
  }

  /** All rows of STATE_DB were replaced: none is a process' own any more. */
  onReplaced(): void {
    this.record.ownRows.clear();
  }

  #onReply(database: DatabaseName, command: Command, reply: Reply | ReplyError): void {
    if (reply instanceof ReplyError) return;
    const { record } = this;
    const [verb, key = ""] = command;
    const name = key.slice(STATE_PREFIX.length);
    if (database === STATE_DB && key.startsWith(STATE_PREFIX)) {
      if (verb === "DEL") record.removedAtTick.set(name, this.#knownAt.get(command)!);
      if (verb === "HSET") record.acknowledged.add(name);
      if (verb === "HMGET" && isEmpty(reply)) record.writtenAtTick.delete(name);
      if (verb === "HSET" || (record.sent.has(name) && isWhole(reply))) record.confirmed.add(name);
    } else if (database === APPL_DB && verb === "HLEN" && !record.looks.get(name)) {
      // Answers and notifications come on two connections: which of them is newer cannot be told.
      if ((record.noticedAt.get(name) ?? 0) > this.#knownAt.get(command)!) return;
      record.learn(name, this.#executedAt.get(command) ?? this.#tick, Number(reply) > 0);
    } else if (database === APPL_DB && verb === "HEXISTS" && reply === 1 && !record.pushedPorts) {
      record.consumed.add(name);
    } else if (isPush(command)) {
      if (command[7] === PORT_CONFIG_DONE) record.configDone = "done";
      if (command[7] === PORT_INIT_DONE) record.initDone = "done";
    }
  }

  #countLook([, key = ""]: Command, change: number): void {
    const { looks } = this.record;
    const name = key.slice(APPL_PREFIX.length);
    looks.set(name, (looks.get(name) ?? 0) + change);
  }

  #checkSent(database: DatabaseName, command: Command): void {
    const [verb = "", key = ""] = command;
    if (verb === "HLEN") this.#knownAt.set(command, this.#tick);
    else if (verb === "DEL")
      this.#knownAt.set(command, Math.min(this.record.readTick, this.record.lossTick ?? Infinity));
    if (READS.has(verb)) return;
    if (isPush(command)) {
      checkPush(this.record, database, command, (...check) => this.#expect(...check));
    } else if (database === STATE_DB && isPortWrite(command)) {
      if (verb === "HSET") this.#checkSet(key.slice(STATE_PREFIX.length), command.slice(2));
      else this.#checkDel(key.slice(STATE_PREFIX.length));
    } else {
      const isCount = verb === "HSET" && key === "WARM_RESTART_TABLE|portsyncd" && command[2] === "restore_count";
      this.#expect(
        "keys",
        isCount && database === STATE_DB && command.length === 4,
        () => `${database} ${command.join(" ")}`,
      );
    }
  }

  /** At most DEL and HSET for a row, in this order. */
  #checkFlush(commands: readonly Command[]): void {
    const seen = new Map<string, string>();
    for (const [verb = "", key = ""] of commands) {
      const before = seen.get(key);
      seen.set(key, verb);
      this.#expect("memory", !before || (before === "DEL" && verb === "HSET"), () => `${before} and ${verb} of ${key}`);
    }
  }

  #checkSet(name: string, values: Command): void {
    const { record } = this;
    const fields = values.filter((_, i) => i % 2 === 0);
    const text = values.filter((_, i) => i % 2 === 1).join(" ");
    record.sent.add(name);
    this.#checkDeleted(name);
    this.#expect("four fields", fields.join() === PORT_FIELDS.join(), () => `${name} ${values.join(" ")}`);
    this.#expect("ports only", this.#world.isPort(name), () => `${name} is published and no port`);
    const believed = this.#world.plan.settings.mode === "standalone" || record.mayBelieveIn(name);
    this.#expect("admission", believed, () => `${name} is published without a row in APPL_DB`);
    const states = record.states.get(name);
    this.#expect("own netdevs", states, () => `${name} is published, but its netdev is old, a team or does not exist`);
    this.#expect("true states", states?.has(text), () => `${name} was never ${text}`);
  }

  /** Readers act on the DEL of a netdev that another one followed under its name: it may not be left out. */
  #checkDeleted(name: string): void {
    const { record } = this;
    const before = record.writtenAtTick.get(name);
    record.writtenAtTick.set(name, record.readTick);
    if (before === undefined || record.newestLossTick >= before) return;
    const since = this.#heldSince.get(name) ?? 0;
    const isOther = since > before && since <= record.readTick;
    this.#expect("DEL before another's SET", !isOther, () => `${name} is another netdev now, but there was no DEL`);
  }

  /** A DEL says that the netdev went: since the last DEL that readers saw for sure, or since the process listens. */
  #checkDel(name: string): void {
    this.record.writtenAtTick.delete(name);
    const since = this.#heldSince.get(name) ?? this.#tick;
    const reference = this.record.removedAtTick.get(name) ?? this.record.joinedAtTick ?? this.#tick;
    this.#expect(
      "no transient DEL",
      since > reference,
      () => `${name} is deleted, but its netdev was there all the time`,
    );
  }

  #expect(invariant: string, holds: unknown, message: () => string): void {
    this.#world.coverage.count(`check ${invariant}`);
    if (!holds) this.#world.violate(new Violation(invariant, message()));
  }
}
