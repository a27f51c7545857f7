import { DatabaseLostError, type MessageListener, type Reply, ReplyError } from "../../src/swss/database.ts";
import type { Connection } from "../../src/swss/reconnector.ts";
import type { DatabaseName } from "../../src/swss/schema.ts";
import type { Clock } from "../../src/util/clock.ts";
import type { Random } from "./random.ts";
import { LAYOUT, type Peer, type Server } from "./server.ts";

/** What may happen to the next commands of a connection. */
export const CONNECTION_FAULTS = [
  "lost before",
  "lost after",
  "partly done",
  "slow answer",
  "half-open",
  "deaf",
  "late",
] as const;

/** One of CONNECTION_FAULTS. */
export type ConnectionFault = (typeof CONNECTION_FAULTS)[number];

/** The way to a server: what is sent arrives in order, since it is in the socket's buffer when send(2) returns. */
export interface Wire {
  /** Runs `task` when what is sent now arrives. */
  carry(delayMs: number, task: () => void): void;
  /** Runs `task` after the delay, in no order. */
  detour(delayMs: number, task: () => void): void;
}

/** What a connection is made in. */
export interface ConnectionSite {
  readonly server: Server;
  /** The clock of the process: what it has run is the process' own work. */
  readonly clock: Clock;
  /** Carries what was sent, whatever becomes of the sender. */
  readonly wire: Wire;
  readonly random: Random;
  readonly answerMs: number;
  /** Takes the fault that is due for the next commands. */
  takeFault(): { kind: ConnectionFault; value: number } | undefined;
  /** Commands were sent. */
  onSent(database: DatabaseName, commands: readonly (readonly string[])[]): void;
  /** A command was carried out. */
  onExecuted(database: DatabaseName, command: readonly string[], reply: Reply | ReplyError): void;
  /** Replies arrived; undefined when the commands were lost. */
  onSettled(
    database: DatabaseName,
    commands: readonly (readonly string[])[],
    replies: readonly (Reply | ReplyError)[] | undefined,
  ): void;
  /** A notification was sent; what it returns is called when it arrives. */
  onNotice(database: DatabaseName, key: string, event: string): () => void;
}

interface Pending {
  readonly commands: readonly (readonly string[])[];
  readonly resolve: (replies: (Reply | ReplyError)[]) => void;
  readonly reject: (error: Error) => void;
}

/** One connection from its making to its end, in the part of the real one (DBConnector's Session). */
export class SimulatedSession implements Connection, Peer {
  readonly writer = "native";
  readonly id;
  readonly separator;
  readonly #site: ConnectionSite;
  readonly #pending = new Set<Pending>();
  readonly #effects = new Map<readonly string[], () => void>();
  readonly #subscriptions: { prefix: string; listener: MessageListener }[] = [];
  readonly #ended = Promise.withResolvers<Error>();
  #reason: Error | undefined;
  /** What does not get through any more. */
  #deafServer = false;
  #deafClient = false;
  #serverEnded = false;
  #lastReplyMs = 0;
  #lastNoticeMs = 0;

  constructor(
    readonly name: DatabaseName,
    site: ConnectionSite,
  ) {
    this.id = LAYOUT[name].id;
    this.separator = LAYOUT[name].separator;
    this.#site = site;
  }

  get ended(): Promise<Error> {
    return this.#ended.promise;
  }

  get reason(): Error | undefined {
    return this.#reason;
  }

  /** True when the other end is not heard any more. */
  get isHalfOpen(): boolean {
    return this.#deafServer || this.#deafClient;
  }

  /** Connects; a server that does not move accepts, too, as its kernel does. Throws DatabaseLostError, ReplyError. */
  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#site.clock.after(this.#latency(), resolve));
    if (this.#reason) throw this.#lost();
    if (!this.#site.server.isUp) {
      this.close(new Error("connection refused"));
      throw this.#lost();
    }
    this.#site.server.connect(this);
    await this.call("PING");
  }

  close(reason: Error): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#site.server.disconnect(this);
    const pending = [...this.#pending];
    this.#pending.clear();
    for (const { commands, reject } of pending) {
      this.#site.onSettled(this.name, commands, undefined);
      reject(this.#lost());
    }
    this.#ended.resolve(reason);
  }

  /** Its process is gone: what it sent is carried out, or not. */
  abandon(isCarriedOut: boolean): void {
    this.#site.server.disconnect(this);
    if (!isCarriedOut) this.#serverEnded = true;
  }

  /** The other end of a half-open connection says that it is none. */
  reset(): void {
    if (this.isHalfOpen) this.close(new Error("connection reset"));
  }

  onEnd(reason: string): void {
    this.#serverEnded = true;
    if (!this.isHalfOpen) this.#break(reason);
  }

  onNotification(database: DatabaseName, key: string, event: string): void {
    if (database !== this.name || this.isHalfOpen) return;
    const channel = `__keyspace@${this.id}__:${key}`;
    const arrived = this.#site.onNotice(database, key, event);
    for (const { prefix, listener } of this.#subscriptions) {
      if (!channel.startsWith(prefix)) continue;
      this.#lastNoticeMs = this.#inOrder(this.#lastNoticeMs, this.#latency(), () => {
        if (this.#reason) return;
        arrived();
        listener(channel, event);
      });
    }
  }

  async call(...command: string[]): Promise<Reply> {
    const [reply] = await this.batch([command]);
    if (reply instanceof ReplyError) throw reply;
    return reply!;
  }

  write(commands: readonly (readonly string[])[]): Promise<(Reply | ReplyError)[]> {
    return this.batch(commands);
  }

  async batch(commands: readonly (readonly string[])[]): Promise<(Reply | ReplyError)[]> {
    if (this.#reason) throw this.#lost();
    if (commands.length === 0) return [];
    const { promise, resolve, reject } = Promise.withResolvers<(Reply | ReplyError)[]>();
    const pending = { commands, resolve, reject };
    this.#pending.add(pending);
    this.#site.onSent(this.name, commands);
    this.#send(pending);
    const { answerMs, clock } = this.#site;
    const cancel = clock.after(answerMs, () => this.close(new Error(`no answer within ${answerMs} ms`)));
    try {
      return await promise;
    } finally {
      cancel();
    }
  }

  async psubscribe(pattern: string, listener: MessageListener): Promise<void> {
    const subscription = { prefix: pattern.replace(/\*$/, ""), listener };
    await this.#ask(["PSUBSCRIBE", pattern], () => this.#subscriptions.push(subscription));
  }

  /** A command whose effect is in this connection. */
  async #ask(command: readonly string[], effect: () => void): Promise<void> {
    this.#effects.set(command, effect);
    const [reply] = await this.batch([command]);
    if (reply instanceof ReplyError) throw reply;
  }

  #send(pending: Pending): void {
    const fault = this.#site.takeFault();
    if (fault?.kind === "half-open") this.#deafServer = this.#deafClient = true;
    if (fault?.kind === "deaf") this.#deafClient = true;
    const lateMs = fault?.kind === "late" ? fault.value % 3000 : 0;
    const done = fault?.kind === "partly done" ? fault.value % pending.commands.length : pending.commands.length;
    const breaks = fault?.kind === "partly done" || fault?.kind === "lost after";
    const answerMs = fault?.kind === "slow answer" ? fault.value % (2 * this.#site.answerMs) : 0;
    this.#site.wire.carry(this.#latency(), () => {
      if (this.#deafServer || this.#serverEnded) return;
      if (fault?.kind === "lost before") return this.#break("connection reset");
      if (lateMs > 0) this.#break("connection reset");
      const request = this.#request(pending, breaks ? done : undefined, answerMs, lateMs > 0);
      if (lateMs > 0) this.#site.wire.detour(lateMs, () => this.#site.server.receive(request));
      else this.#site.server.receive(request);
    });
  }

  /** The server has ended the connection, of which the process hears in its time. */
  #break(reason: string): void {
    this.#serverEnded = true;
    this.#site.server.disconnect(this);
    this.#site.clock.after(this.#latency(), () => this.close(new Error(reason)));
  }

  #request(pending: Pending, breaksAfter: number | undefined, answerMs: number, isLate: boolean) {
    const { commands } = pending;
    return {
      database: this.name,
      commands,
      breaksAfter,
      isLost: () => this.#serverEnded && !isLate,
      onExecuted: (command: readonly string[], reply: Reply | ReplyError) => {
        if (!isLate) this.#site.onExecuted(this.name, command, reply); // nobody knows of what comes late
        if (!(reply instanceof ReplyError)) this.#effects.get(command)?.();
      },
      onReplies: (replies: (Reply | ReplyError)[]) => {
        if (this.#deafClient) return;
        this.#lastReplyMs = this.#inOrder(this.#lastReplyMs, answerMs + this.#latency(), () => {
          if (!this.#pending.delete(pending)) return;
          this.#site.onSettled(this.name, commands, replies);
          pending.resolve(replies);
        });
      },
      onBroken: () => this.#break("connection reset"),
    };
  }

  /** What is sent one way arrives in order; returns when it does. */
  #inOrder(lastMs: number, delayMs: number, task: () => void): number {
    const { clock } = this.#site;
    const atMs = Math.max(lastMs, clock.now() + delayMs);
    clock.after(atMs - clock.now(), task);
    return atMs;
  }

  /** Mostly far below a millisecond, sometimes some milliseconds. */
  #latency(): number {
    const { random } = this.#site;
    return random.chance(0.1) ? random.between(0.2, 8) : random.between(0.02, 0.3);
  }

  #lost(): DatabaseLostError {
    return new DatabaseLostError(`${this.name}: ${this.#reason?.message ?? "lost"}`);
  }
}
