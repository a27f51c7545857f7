import type { AlertView, RuleStatistics } from "../alert/rulealerts.ts";
import type { Silence, SilenceIssue } from "../alert/silence.ts";
import type { Mode } from "../config/schema.ts";
import type { Health } from "../health/health.ts";
import type { StartName } from "../port/startkind.ts";
import type { PortState } from "../port/state.ts";
import type { HistoryQuery, NumberedTransition } from "../store/historyquery.ts";
import type { StoreStatus } from "../store/status.ts";
import type { DatabaseName } from "../swss/schema.ts";
import type { PortFlaps } from "../trend/flaptrend.ts";
import type { TrendReport } from "../trend/report.ts";

/** A database of the daemon. */
export interface DatabaseFacts {
  readonly name: DatabaseName;
  readonly isUsable: boolean;
  /** Why it is not; "" when it is. */
  readonly failure: string;
}

/** What a server says of itself. */
export interface ServerFacts {
  /** Where it listens now: `127.0.0.1:9101`, or the path of a socket. */
  readonly listening: readonly string[];
  /** Why it does not listen everywhere as it was told to, or with an old certificate; "" when all is well. */
  readonly failure: string;
  /** When its certificate expires, in milliseconds since 1970; undefined without one. */
  readonly certificateExpiresWallMs: number | undefined;
}

/** The daemon as a whole. */
export interface StatusFacts {
  readonly version: string;
  readonly mode: Mode;
  /** "" for none. */
  readonly namespace: string;
  /** Milliseconds since 1970. */
  readonly startedWallMs: number;
  readonly uptimeSeconds: number;
  /** Undefined until it is decided. */
  readonly startKind: StartName | undefined;
  /** 0 for all but warm starts. */
  readonly restoreCount: number;
  /** What the kernel had at the start is published: READY=1 was said. */
  readonly isReady: boolean;
  readonly health: Health;
  readonly databases: readonly DatabaseFacts[];
  readonly netlink: { readonly isConnected: boolean; readonly links: number };
  /** PortInitDone: whether it was sent, and the ports that it waits for, by their bytes. */
  readonly portInit: { readonly isDone: boolean; readonly pending: readonly string[] };
  readonly store: StoreStatus;
  readonly http: ServerFacts;
  readonly admin: ServerFacts;
}

/** A port. */
export interface PortFacts {
  /** One character for each byte. */
  readonly name: string;
  /** What the kernel says; undefined without a netdev. */
  readonly kernel: PortState | undefined;
  /** What STATE_DB is known to hold; undefined for no row, or when it is not certain. */
  readonly published: PortState | undefined;
  /** PortInitDone waits for it. */
  readonly isAwaited: boolean;
  /** How often it went down after having been up. */
  readonly flaps: number;
  /** When what is published of it changed last, in milliseconds since 1970; undefined when that is not known. */
  readonly lastChangeWallMs: number | undefined;
}

/** The alert engine. */
export interface AlertFacts {
  readonly alerts: readonly AlertView[];
  readonly rules: readonly RuleStatistics[];
  /** Those that have not expired. */
  readonly silences: readonly Silence[];
}

/** What the trends say. */
export interface TrendFacts {
  readonly reports: readonly TrendReport[];
  /** The worst first. */
  readonly ports: readonly PortFlaps[];
}

/**
 * What the server tells. Nothing is kept up for it: it asks when it was asked. All but the promises are answered in this
 * turn, so they must not take long; no answer may wait for a disk.
 */
export interface Sources {
  /** The metrics in the text format of Prometheus. */
  metrics(): string | Promise<string>;
  status(): StatusFacts;
  /** All ports, in any order: those with a netdev, a row, or that PortInitDone waits for. */
  ports(): Iterable<PortFacts>;
  /** The port of that name, by its bytes. */
  port(name: string): PortFacts | undefined;
  alerts(): AlertFacts;
  /** Is asked for at most a few times a second, however many want to know. */
  trends(): Promise<TrendFacts>;
  /** The newest first. Rejects with UnavailableError when the store cannot tell. */
  history(query: HistoryQuery): Promise<readonly NumberedTransition[]>;
}

/** A silence that was just made. */
export interface MadeSilence extends Silence {
  /** Why it is not kept over restarts; "" when it is. */
  readonly notKept: string;
}

/** Makes and ends silences, for those who may use the admin socket. */
export interface SilenceKeeper {
  /** Makes one, and keeps it over restarts if it can; or says what is wrong with the request (createSilence). */
  create(request: Readonly<Record<string, unknown>>): Promise<MadeSilence | readonly SilenceIssue[]>;
  /** Ends one; undefined when there is none of that id. */
  remove(id: string): Promise<Silence | undefined>;
}
