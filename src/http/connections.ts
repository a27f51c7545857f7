import type { Socket } from "node:net";

import type { Clock } from "../util/clock.ts";
import type { HttpLimits } from "./limits.ts";

/** What became of connections. */
export interface ConnectionCounters {
  accepted: number;
  /** Turned away: all others had only begun to be answered. */
  refused: number;
  /** Closed for a newer one, while they had not said what they want. */
  evicted: number;
  /** Closed: they did not say in time what they want. */
  slowRequests: number;
  /** Closed: the answer was not there, or not taken, in time. */
  slowAnswers: number;
}

/** A client that takes its answer at all has it by then. */
const PROMPT_MS = 2000;

interface Connection {
  /** A request is being answered. */
  isBusy: boolean;
  /** Since when, by the clock. */
  sinceMs: number;
  hasAsked: boolean;
  /** It ends with the answer that is on its way. */
  isLast: boolean;
  /** Ends what it does now. */
  cancel: () => void;
}

/**
 * Bounds how many connections there are and how long each may take for what. One deadline for each step as a whole: a
 * client that sends or takes a byte now and then gains nothing by it.
 */
export class Connections {
  readonly counters: ConnectionCounters = { accepted: 0, refused: 0, evicted: 0, slowRequests: 0, slowAnswers: 0 };
  readonly #clock: Clock;
  readonly #limits: HttpLimits;
  /** In the order in which they began to do what they do. */
  readonly #all = new Map<Socket, Connection>();

  constructor(clock: Clock, limits: HttpLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** How many there are. */
  get size(): number {
    return this.#all.size;
  }

  /** A connection was accepted; false when there is no room for it, and it was closed. */
  admit(socket: Socket): boolean {
    socket.on("error", () => {}); // a client that goes is no fault
    if (this.#all.size >= this.#limits.mostConnections && !this.#evict()) {
      this.counters.refused++;
      socket.destroy();
      return false;
    }
    this.counters.accepted++;
    const connection: Connection = {
      isBusy: false,
      sinceMs: this.#clock.now(),
      hasAsked: false,
      isLast: false,
      cancel: () => {},
    };
    this.#all.set(socket, connection);
    this.#limit(socket, connection, this.#limits.requestMs, "slowRequests");
    socket.once("close", () => {
      connection.cancel();
      this.#all.delete(socket);
    });
    return true;
  }

  /** Whether a request is being answered. */
  isBusy(socket: Socket): boolean {
    return this.#all.get(socket)?.isBusy === true;
  }

  /**
   * A request came; false when it is not to be answered: the connection is gone, or the client did not wait for the answer
   * to its last one, which is then the last that it gets.
   */
  begin(socket: Socket): boolean {
    const connection = this.#all.get(socket);
    if (!connection) return false;
    if (connection.isBusy) {
      connection.isLast = true;
      socket.pause();
      return false;
    }
    this.#turn(socket, connection, true);
    connection.hasAsked = true;
    this.#limit(socket, connection, this.#limits.answerMs, "slowAnswers");
    return true;
  }

  /** The client has its answer. */
  end(socket: Socket): void {
    const connection = this.#all.get(socket);
    if (!connection?.isBusy) return;
    if (connection.isLast) return this.#close(socket, connection);
    this.#turn(socket, connection, false);
    this.#limit(socket, connection, this.#limits.idleMs, undefined);
  }

  /** Ends all. */
  destroy(): void {
    for (const socket of this.#all.keys()) socket.destroy();
  }

  /**
   * Makes room: closes the connection that has waited longest for its request or, when none waits, the one that has taken
   * longest for its answer, if that is long. False when there is none.
   */
  #evict(): boolean {
    for (const [socket, connection] of this.#all) {
      if (connection.isBusy) continue;
      if (!connection.hasAsked) this.counters.evicted++;
      this.#close(socket, connection);
      return true;
    }
    const [oldest] = this.#all;
    if (!oldest || this.#clock.now() - oldest[1].sinceMs < PROMPT_MS) return false;
    this.counters.slowAnswers++;
    this.#close(...oldest);
    return true;
  }

  #turn(socket: Socket, connection: Connection, isBusy: boolean): void {
    connection.isBusy = isBusy;
    connection.sinceMs = this.#clock.now();
    this.#all.delete(socket);
    this.#all.set(socket, connection);
  }

  #limit(socket: Socket, connection: Connection, ms: number, reason: "slowRequests" | "slowAnswers" | undefined): void {
    connection.cancel();
    connection.cancel = this.#clock.after(ms, () => {
      if (reason) this.counters[reason]++;
      this.#close(socket, connection);
    });
  }

  /** Does not wait for the event, which comes in a later turn. */
  #close(socket: Socket, connection: Connection): void {
    connection.cancel();
    this.#all.delete(socket);
    socket.destroy();
  }
}
