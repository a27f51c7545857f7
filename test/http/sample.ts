import type { AlertView, RuleStatistics } from "../../src/alert/rulealerts.ts";
import { createSilence, type Silence } from "../../src/alert/silence.ts";
import type { AlertState } from "../../src/alert/step.ts";
import type { PortFacts, SilenceKeeper, Sources, StatusFacts, TrendFacts } from "../../src/http/sources.ts";
import type { NumberedTransition } from "../../src/store/historyquery.ts";
import { EMPTY_TALLY } from "../../src/store/status.ts";

/** When everything here happens, in milliseconds since 1970. */
export const NOW_MS = Date.UTC(2026, 0, 31, 12, 0, 0);

const SILENT = { listening: [], failure: "", certificateExpiresWallMs: undefined };

/** A healthy daemon. */
export const STATUS: StatusFacts = {
  version: "1.2.3",
  mode: "sonic",
  namespace: "",
  startedWallMs: NOW_MS - 60_000,
  uptimeSeconds: 60,
  startKind: "cold",
  restoreCount: 0,
  isReady: true,
  health: { status: "healthy", score: 100, reasons: [] },
  databases: [{ name: "STATE_DB", isUsable: true, failure: "" }],
  netlink: { isConnected: true, links: 5 },
  portInit: { isDone: true, pending: [] },
  store: {
    state: "ok",
    reason: "",
    queued: 0,
    dropped: 0,
    bytes: 4096,
    maxBytes: 104_857_600,
    backupDue: false,
    lastStart: undefined,
    ...EMPTY_TALLY,
  },
  http: SILENT,
  admin: SILENT,
};

/** A port that is in order. */
export function samplePort(name: string, other: Partial<PortFacts> = {}): PortFacts {
  const state = { admin: true, oper: true, mtu: 9100 };
  const rest = { isAwaited: false, flaps: 0, lastChangeWallMs: NOW_MS - 1000 };
  return { name, kernel: state, published: state, ...rest, ...other };
}

/** An alert that fires. */
export function sampleAlert(rule: string, other: Partial<AlertView> & { readonly state?: AlertState } = {}): AlertView {
  const { state = "firing", ...view } = other;
  const at = { wallMs: NOW_MS - 30_000, monotonicMs: 0 };
  const times = { since: at, activeSince: at, startedAt: state === "pending" ? undefined : at, lapsedSince: undefined };
  return {
    rule,
    severity: "warning",
    port: undefined,
    silence: undefined,
    labels: { alertname: rule, severity: "warning" },
    annotations: { summary: `${rule} is on`, description: "what that means", action: "look at it" },
    alert: { state, ...times, value: 1, details: [] },
    ...view,
  };
}

/** A rule that was looked at. */
export function sampleRule(rule: string): RuleStatistics {
  const none = { inactive: 0, pending: 0, firing: 0, suppressed: 0, resolved: 0 };
  return {
    rule,
    severity: "warning",
    enabled: true,
    value: undefined,
    alerts: none,
    transitions: none,
    firingSeconds: 0,
  };
}

/** A daemon that a test sets as it likes, and what was asked of it. */
export class SampleDaemon implements Sources, SilenceKeeper {
  facts: StatusFacts = STATUS;
  allPorts: PortFacts[] = [samplePort("Ethernet0"), samplePort("Ethernet4")];
  allAlerts: AlertView[] = [];
  rules: RuleStatistics[] = [sampleRule("redis_down"), sampleRule("port_flapping")];
  silences: Silence[] = [];
  trendFacts: TrendFacts = { reports: [], ports: [] };
  transitions: NumberedTransition[] = [];
  text = "# TYPE up gauge\nup 1\n";
  readonly asked = { metrics: 0, trends: 0, history: [] as unknown[] };

  metrics(): string | Promise<string> {
    this.asked.metrics++;
    return this.text;
  }

  status(): StatusFacts {
    return this.facts;
  }

  ports(): Iterable<PortFacts> {
    return this.allPorts;
  }

  port(name: string): PortFacts | undefined {
    return this.allPorts.find((port) => port.name === name);
  }

  alerts(): ReturnType<Sources["alerts"]> {
    return { alerts: this.allAlerts, rules: this.rules, silences: this.silences };
  }

  trends(): Promise<TrendFacts> {
    this.asked.trends++;
    return Promise.resolve(this.trendFacts);
  }

  history(query: Parameters<Sources["history"]>[0]): Promise<readonly NumberedTransition[]> {
    this.asked.history.push(query);
    const { port, sinceWallMs = -Infinity, beforeId = Infinity, limit } = query;
    const found = this.transitions.filter(
      (one) => one.id < beforeId && one.wallMs >= sinceWallMs && (port === undefined || one.port === port),
    );
    return Promise.resolve(found.sort((a, b) => b.id - a.id).slice(0, limit));
  }

  /** Why silences are not kept. */
  notKept = "";

  create(request: Readonly<Record<string, unknown>>): ReturnType<SilenceKeeper["create"]> {
    const made = createSilence(`silence-${this.silences.length + 1}`, request, NOW_MS);
    if ("issues" in made) return Promise.resolve(made.issues);
    this.silences.push(made.silence);
    return Promise.resolve({ ...made.silence, notKept: this.notKept });
  }

  remove(id: string): Promise<Silence | undefined> {
    const at = this.silences.findIndex((silence) => silence.id === id);
    return Promise.resolve(at < 0 ? undefined : this.silences.splice(at, 1)[0]);
  }
}
