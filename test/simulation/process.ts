import { SystemError } from "../../ffi/libc.ts";
import type { RequestChannel, Subscription } from "../../src/netlink/socket.ts";
import { isSwitchPort } from "../../src/port/linksync.ts";
import { Reconciler } from "../../src/port/reconciler.ts";
import type { StartKind } from "../../src/port/startkind.ts";
import type { LinkSource } from "../../src/rtnetlink/source.ts";
import type { ConnectorHandlers } from "../../src/swss/database.ts";
import { Reconnector } from "../../src/swss/reconnector.ts";
import type { DatabaseName } from "../../src/swss/schema.ts";
import type { Clock } from "../../src/util/clock.ts";
import { type ConnectionSite, SimulatedSession, type Wire } from "./connection.ts";
import type { Disturbance } from "./disturbance.ts";
import { GroupMember } from "./linksocket.ts";
import type { Oracle } from "./oracle.ts";
import type { Random } from "./random.ts";
import { RequestSocket } from "./requestsocket.ts";
import type { RequestedKernel } from "./requestsocket.ts";
import type { Owner } from "./scheduler.ts";
import type { Site } from "./site.ts";

const EMFILE = 24;
/** The bell rings for a while before the process wakes. */
const WAKE_MS = 0.2;
/** The longest pause of a process between two attempts to connect. */
const RETRY_MS = 1000;

/** Where a process runs. */
export interface ProcessSite extends Site {
  readonly oracle: Oracle;
  readonly disturbance: Disturbance;
  readonly requestedKernel: RequestedKernel;
  wireOf(database: DatabaseName): Wire;
  /** While the process receives, the kernel may go on. */
  preempt(): void;
  onStarted(process: SimulatedProcess, kind: StartKind): void;
  onStartFailed(process: SimulatedProcess, error: unknown): void;
  onThrown(process: SimulatedProcess, error: unknown): void;
  onBroken(process: SimulatedProcess): void;
}

/** One life of the daemon: the real reconciler between a simulated kernel, simulated databases and a simulated clock. */
export class SimulatedProcess implements Owner, LinkSource {
  readonly ended = undefined;
  readonly reconciler: Reconciler;
  readonly #world: ProcessSite;
  readonly #random: Random;
  /** The newest to each database. */
  readonly #sessions = new Map<DatabaseName, SimulatedSession>();
  #member: GroupMember | undefined;
  #ringing = false;
  alive = true;
  stoppedUntilMs = 0;
  /** True once it was told to end. */
  isStopping = false;

  constructor(world: ProcessSite, random: Random) {
    this.#world = world;
    this.#random = random;
    const { settings } = world.plan;
    const clock = this.#clock();
    const parts = {
      source: this,
      openDatabase: (name: DatabaseName, handlers: ConnectorHandlers) => this.#openDatabase(name, handlers, clock),
      clock,
      random: () => random.next(),
    };
    const options = {
      mode: settings.mode,
      once: false,
      restart: settings.restart,
      matchesPattern: isSwitchPort,
      receiveBufferBytes: 0,
      budget: { datagrams: settings.budget, ms: 1000 },
      auditMs: settings.auditMs,
      eoiuMs: settings.eoiuMs,
    };
    const observer = { onConnected: async () => {}, onTransition: () => {}, onChange: () => {} };
    this.reconciler = new Reconciler(parts, options, observer);
    this.reconciler.start().then(
      (kind) => world.onStarted(this, kind),
      (error: unknown) => world.onStartFailed(this, error),
    );
  }

  onThrown(error: unknown): void {
    this.#world.onThrown(this, error);
  }

  /** Ends it at once: what it has sent is carried out or not. */
  kill(isCarriedOut: boolean): void {
    this.alive = false;
    if (this.#member) this.#world.kernel.leave(this.#member);
    for (const session of this.#sessions.values()) session.abandon(isCarriedOut);
  }

  /** Makes its link socket fail. */
  breakSocket(): void {
    this.#member?.break();
  }

  /** Ends half-open connections, as the other end does when it is there again. */
  resetHalfOpen(): void {
    for (const session of this.#sessions.values()) session.reset();
  }

  subscribe(_receiveBufferBytes: number, wake: () => void): Subscription {
    const { kernel, plan, oracle, scheduler } = this.#world;
    const member: GroupMember = new GroupMember(plan.settings.room, {
      preempt: () => this.#world.preempt(),
      onRead: (tick) => {
        this.#world.tell(() => `reads message ${tick}`);
        oracle.onRead(tick);
      },
      onBroken: () => void scheduler.after(0, () => this.#world.onBroken(this)),
      onDispose: () => kernel.leave(member),
    });
    kernel.join(member, () => {
      if (this.#ringing) return;
      this.#ringing = true;
      scheduler.after(this.#random.between(0, WAKE_MS), () => this.#wake(wake), this);
    });
    this.#member = member;
    oracle.onJoined(kernel.netdevs.values());
    return member;
  }

  openRequest(): RequestChannel {
    const world = this.#world;
    const { fault, faultAt, lateMs } = world.disturbance.takeDumpFault();
    if (fault === "emfile") throw new SystemError("socket", EMFILE);
    world.tell(() => `a request socket ${fault ?? ""}`);
    const { chunk } = world.plan.settings;
    return new RequestSocket(world.requestedKernel, { fault, faultAt, lateMs, chunk });
  }

  #wake(wake: () => void): void {
    this.#ringing = false;
    this.#world.tell(() => "the process wakes");
    wake();
  }

  #clock(): Clock {
    const { scheduler } = this.#world;
    return {
      now: () => scheduler.nowMs,
      wallNow: () => scheduler.nowMs,
      after: (delayMs, task) => scheduler.after(delayMs, task, this),
      soon: (task) => scheduler.after(this.#random.between(0, 0.05), task, this),
    };
  }

  #openDatabase(name: DatabaseName, handlers: ConnectorHandlers, clock: Clock): Reconnector {
    const world = this.#world;
    const { oracle } = world;
    const site: ConnectionSite = {
      server: world.serverOf(name),
      clock,
      wire: world.wireOf(name),
      random: this.#random,
      answerMs: world.plan.settings.answerMs,
      takeFault: () => world.disturbance.takeFault(name),
      onSent: (database, commands) => {
        world.tell(() => `${database} sent ${commands.map((command) => shorten(command)).join(" ; ")}`);
        oracle.onSent(database, commands);
      },
      onExecuted: (database, command, reply) => {
        world.tell(() => `${database} ran ${command.slice(0, 2).join(" ")} -> ${String(reply)}`);
        if (this.alive) oracle.onExecuted(database, command, reply);
      },
      onSettled: (database, commands, replies) => {
        world.tell(
          () =>
            `${database} ${replies ? "answered" : "lost"} ${commands.length} of ${commands[0]?.slice(0, 2).join(" ")}`,
        );
        oracle.onSettled(database, commands, replies);
      },
      onNotice: (database, key, event) => {
        world.tell(() => `${database} notifies ${key} ${event}`);
        return oracle.onNotice(database, key, event);
      },
    };
    const makeConnection = () => {
      const session = new SimulatedSession(name, site);
      this.#sessions.set(name, session);
      return session;
    };
    const parts = { clock, makeConnection, retryMs: RETRY_MS, random: () => this.#random.next() };
    return new Reconnector(parts, handlers);
  }
}

/** A command without a script's text. */
function shorten(command: readonly string[]): string {
  return command.map((argument) => (argument.includes("\n") ? "SCRIPT" : argument)).join(" ");
}
