import { SystemError } from "../../ffi/libc.ts";
import { isSwitchPort } from "../../src/port/linksync.ts";
import type { StartKind } from "../../src/port/startkind.ts";
import { type DatabaseName, STATE_DB } from "../../src/swss/schema.ts";
import { equip, makeServers, renewPorts } from "./beginning.ts";
import type { Wire } from "./connection.ts";
import { type ConvergenceSite, findDifference } from "./convergence.ts";
import type { Coverage } from "./coverage.ts";
import { Disturbance } from "./disturbance.ts";
import { Kernel } from "./kernel.ts";
import type { Keyspace } from "./keyspace.ts";
import { OPERATIONS, type OperationSite } from "./operations.ts";
import { Oracle, type OracleSite } from "./oracle.ts";
import { Orchagent } from "./orchagent.ts";
import { countPaths } from "./paths.ts";
import { type ProcessSite, SimulatedProcess } from "./process.ts";
import { Random } from "./random.ts";
import { requestedKernel } from "./requestedkernel.ts";
import type { RequestedKernel } from "./requestsocket.ts";
import type { Operation, Plan } from "./scenario.ts";
import { Scheduler } from "./scheduler.ts";
import type { Server } from "./server.ts";
import { Violation } from "./violation.ts";
import { makeWire } from "./wire.ts";

/** After that long the daemon takes no netdev to be on its way any more. */
const LATE_NETDEVS_MS = 300_000;
/** Takes a line that says what happened. */
export type Trace = (line: string) => void;

/** How far the kernel may run ahead while the process receives. */
const PREEMPT_MS = 30;
/** What a stop may take in addition to its timeout: a dump that is under way gets no answer (5 s), and its pause (1 s). */
const STOP_MS = 8000;
const FIRST_CHECK_MS = 125;

/**
 * How long it may take until all is right once nothing is disturbed any more: a process that is on its way up (1 s to
 * connect, 10 s for the first dump), a dump that gets no answer (5 s) and its pause (1 s), a refused row (5 s).
 */
export const BOUND_MS = 20_000;
/** What audits may take in addition: one that fails or finds a dump under way, one that repairs, one for leftovers. */
export const AUDITS = 4;

/** A switch on which the daemon runs: everything outside of it, and the daemon itself. */
export class World implements OperationSite, OracleSite, ConvergenceSite, ProcessSite {
  readonly plan: Plan;
  readonly coverage: Coverage;
  readonly scheduler = new Scheduler();
  readonly oracle = new Oracle(this);
  readonly kernel: Kernel;
  readonly requestedKernel: RequestedKernel;
  readonly #random: Random;
  readonly #orchagent: Orchagent;
  readonly #servers = new Map<DatabaseName, Server>();
  readonly #wires = new Map<DatabaseName, Wire>();
  readonly disturbance = new Disturbance(this);
  readonly #trace: Trace | undefined;
  #process: SimulatedProcess;
  #lives = 0;
  #next = 0;
  #healed = false;
  #areNetdevsLate = false;
  violation: Violation | undefined;
  /** When all was right after the disturbance, in milliseconds since its end. */
  convergedMs: number | undefined;

  constructor(plan: Plan, coverage: Coverage, trace?: Trace) {
    this.#trace = trace;
    this.plan = plan;
    this.coverage = coverage;
    this.#random = new Random(plan.seed, "world");
    this.#orchagent = new Orchagent(this, new Random(plan.seed, "orchagent"));
    this.kernel = new Kernel({
      onName: (name, netdev) => this.oracle.onName(name, netdev),
      onState: (netdev) => this.oracle.onState(netdev),
      onLostEnd: (netdev) => this.oracle.onLostEnd(netdev),
      onDelivery: (delivered, netdev) => {
        this.tell(() => `message ${this.oracle.tick} ${delivered ? "queued" : "lost"}`);
        coverage.count(delivered ? "message delivered" : "message lost");
        if (!delivered) this.oracle.onLoss(netdev);
      },
      tick: () => this.oracle.tick,
      tell: (what) => this.tell(what),
    });
    this.requestedKernel = requestedKernel(this);
    for (const [name, server] of makeServers(plan.settings, () => this.#orchagent.onPublish())) {
      this.#servers.set(name, server);
      this.#wires.set(name, makeWire(this.scheduler));
    }
    equip(this, new Random(plan.seed, "switch"));
    this.#process = this.#startProcess();
  }

  /** Runs the plan, then heals everything and waits for what must become of it. */
  run(): void {
    const { operations, settings } = this.plan;
    this.#scheduleNext();
    this.#advance((operations.at(-1)?.atMs ?? 0) + this.#random.between(0, 2000));
    this.#advance(this.#process.stoppedUntilMs);
    this.#heal();
    const healedMs = this.scheduler.nowMs;
    const boundMs = BOUND_MS + (settings.audited ? AUDITS * 1.1 * settings.auditMs : 0);
    for (let afterMs = FIRST_CHECK_MS; !this.violation; afterMs = Math.min(2 * afterMs, boundMs)) {
      this.#advance(healedMs + afterMs);
      const difference = findDifference(this, this.oracle.record);
      if (difference) this.convergedMs = undefined;
      else this.convergedMs ??= afterMs;
      if (afterMs < boundMs) continue;
      if (difference) this.violate(new Violation("convergence", `after ${Math.round(boundMs)} ms, ${difference}`));
      break;
    }
    if (!this.violation && settings.audited && !this.mayCollect()) this.#waitForLateNetdevs(boundMs);
    countPaths(this.#process.reconciler, this.coverage);
  }

  /** Ports that have no netdev may hold PortInitDone up for ever, but their rows do not stay. */
  #waitForLateNetdevs(boundMs: number): void {
    this.coverage.count("late netdevs");
    this.#areNetdevsLate = true;
    this.#advance(this.scheduler.nowMs + LATE_NETDEVS_MS + boundMs);
    const difference = findDifference(this, this.oracle.record);
    if (difference && !this.violation) this.violate(new Violation("leftovers", difference));
  }

  /** Notes what must never be; the first one counts. */
  violate(violation: Violation): void {
    this.tell(() => `VIOLATION ${violation.message}`);
    this.violation ??= violation;
  }

  /** Says what happened, to somebody who looks. */
  tell(what: () => string): void {
    this.#trace?.(`${this.scheduler.nowMs.toFixed(3).padStart(11)} ${what()}`);
  }

  serverOf(database: DatabaseName): Server {
    return this.#servers.get(database)!;
  }

  keyspace(database: DatabaseName): Keyspace {
    return this.serverOf(database).keyspaces.get(database)!;
  }

  wireOf(database: DatabaseName): Wire {
    return this.#wires.get(database)!;
  }

  /** True for the name of a port. */
  isPort(name: string): boolean {
    const { mode, ports } = this.plan.settings;
    return mode === "standalone" && ports.length > 0 ? ports.includes(name) : isSwitchPort(name);
  }

  /** Whether netdevs that are there before a process are not its ports (rules 8b, 8c); undefined when they are. */
  ageOfNetdevs(restoreCount: number | undefined): "sure" | "perhaps" | undefined {
    const { mode, switchType, restart } = this.plan.settings;
    if (mode === "standalone" || switchType === "dpu" || restoreCount !== 0) return undefined;
    return restart === "adopt" ? "perhaps" : "sure";
  }

  /** True when the process has read the first dump, or goes on without it. */
  get startedLinks(): boolean {
    const { detected, timeouts } = this.#process.reconciler.eoiu;
    return detected + timeouts > 0;
  }

  /** True when leftovers are looked for. */
  mayCollect(): boolean {
    const isComplete = this.plan.settings.mode === "standalone" || this.#process.reconciler.portSet.done;
    return isComplete || this.#areNetdevsLate;
  }

  /** While the process receives, the kernel may go on. */
  preempt(): void {
    while (this.#random.chance(0.15)) {
      const operation = this.plan.operations[this.#next];
      if (!operation || this.#healed || !OPERATIONS[operation.kind]!.inKernel) return;
      if (operation.atMs > this.scheduler.nowMs + PREEMPT_MS) return;
      this.coverage.count("preempted by the kernel");
      this.#perform(operation);
    }
  }

  onStarted(process: SimulatedProcess, kind: StartKind): void {
    if (process !== this.#process) return;
    this.coverage.count(`start ${kind.name}`);
    this.tell(() => `started ${kind.name}`);
    this.oracle.onStarted(kind);
  }

  onStartFailed(process: SimulatedProcess, error: unknown): void {
    if (process === this.#process) this.onThrown(process, error);
  }

  /** What the daemon threw is a bug, but for a broken socket, which ends it. */
  onThrown(process: SimulatedProcess, error: unknown): void {
    if (process !== this.#process || !process.alive || error instanceof SystemError) return;
    this.violate(new Violation("no crash", error instanceof Error ? (error.stack ?? error.message) : String(error)));
  }

  /** The process has heard that its link socket is broken: that ends it, and it is started again. */
  onBroken(process: SimulatedProcess): void {
    if (process !== this.#process || !process.alive) return;
    this.coverage.count("crash of a broken socket");
    this.kill(true, 100);
  }

  /** Kills the process; the service manager starts it again. */
  kill(isCarriedOut: boolean, pauseMs: number): void {
    if (!this.#process.alive) return;
    this.tell(() => "the process ends");
    this.#process.kill(isCarriedOut);
    this.#restart(pauseMs);
  }

  /** SIGTERM: it has to end within its time. */
  stop(timeoutMs: number): boolean {
    const process = this.#process;
    if (!process.alive || process.isStopping) return false;
    process.isStopping = true;
    process.reconciler.stop(timeoutMs).then(
      () => {
        if (process !== this.#process) return;
        this.coverage.count("stopped");
        this.kill(true, 50);
      },
      (error: unknown) => this.onThrown(process, error),
    );
    this.#expectEnd(process, timeoutMs + STOP_MS);
    return true;
  }

  /** It has to end within that time, in which it is not stopped. */
  #expectEnd(process: SimulatedProcess, boundMs: number): void {
    this.scheduler.after(boundMs, () => {
      if (!process.alive) return;
      if (process.stoppedUntilMs + boundMs > this.scheduler.nowMs) this.#expectEnd(process, boundMs);
      else this.violate(new Violation("stop", `it did not end within ${boundMs} ms`));
    });
  }

  /** SIGSTOP, and SIGCONT after that time. */
  pause(durationMs: number): void {
    this.#process.stoppedUntilMs = Math.max(this.#process.stoppedUntilMs, this.scheduler.nowMs + durationMs);
  }

  breakSocket(): void {
    this.#process.breakSocket();
    this.kernel.ring();
  }

  setWarm(isWarm: boolean): boolean {
    return this.asClient(STATE_DB, ["HSET", "WARM_RESTART_ENABLE_TABLE|system", "enable", String(isWarm)]);
  }

  /** Runs a command of another client; false when the server does not serve or refuses. */
  asClient(database: DatabaseName, command: readonly string[]): boolean {
    const server = this.serverOf(database);
    if (!server.serves) return false;
    return !(server.keyspaces.get(database)!.run(command) instanceof Error);
  }

  hasRow(database: DatabaseName, key: string): boolean {
    return this.keyspace(database).hash(key).size > 0;
  }

  #startProcess(): SimulatedProcess {
    this.oracle.begin();
    return new SimulatedProcess(this, new Random(this.plan.seed, `process ${this.#lives++}`));
  }

  #restart(pauseMs: number): void {
    this.scheduler.after(pauseMs, () => (this.#process = this.#startProcess()));
  }

  #scheduleNext(): void {
    const operation = this.plan.operations[this.#next];
    if (!operation) return;
    this.scheduler.after(operation.atMs - this.scheduler.nowMs, () => {
      // The process may have been overtaken by the kernel, which has done it already.
      if (this.plan.operations[this.#next] === operation) this.#perform(operation);
      this.#scheduleNext();
    });
  }

  #perform(operation: Operation): void {
    this.#next++;
    this.tell(() => `${operation.kind} ${operation.name} ${operation.other} ${operation.value}`);
    const done = OPERATIONS[operation.kind]!.apply(this, operation) !== false;
    this.coverage.count(done ? `operation ${operation.kind}` : `void operation ${operation.kind}`);
  }

  #advance(untilMs: number): void {
    this.scheduler.runUntil(untilMs);
  }

  /** Ends every disturbance: servers are there, nothing is lost any more, ports have netdevs that are not old. */
  #heal(): void {
    this.#healed = true;
    this.tell(() => "everything is healed");
    this.disturbance.heal();
    this.kernel.nextMessage = undefined;
    this.#process.resetHalfOpen();
    renewPorts(this, this.#random);
  }
}
