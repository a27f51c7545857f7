import type { ConnectionCounters } from "../http/connections.ts";
import type { FrontCounters } from "../http/front.ts";
import { METRICS } from "../metrics/definitions.ts";

/** What a server has counted. */
export interface ServerCounters {
  readonly requests: FrontCounters;
  readonly connections: ConnectionCounters;
  /** Connections that are open. */
  readonly open: number;
}

/** What the servers of the daemon have counted. */
export interface ServersCounters {
  readonly http: ServerCounters;
  readonly admin: ServerCounters;
}

const NOTHING: ServerCounters = {
  requests: { answers: new Map(), malformed: 0 },
  connections: { accepted: 0, refused: 0, evicted: 0, slowRequests: 0, slowAnswers: 0 },
  open: 0,
};

const { server: SERVERS, code: CLASSES } = METRICS.portsyncd_http_requests_total.labels;

/** How many answers had a status of a class, such as `4xx`. */
function answersOf({ answers }: FrontCounters, statusClass: (typeof CLASSES)[number]): number {
  let sum = 0;
  for (const [status, count] of answers) if (Math.trunc(status / 100) === Number(statusClass[0])) sum += count;
  return sum;
}

/** Reads what the servers have counted; nothing where there are none, or not yet. */
export function serverReadings(counters: () => ServersCounters | undefined) {
  const of = (server: (typeof SERVERS)[number]) => counters()?.[server] ?? NOTHING;
  const each = (read: (server: ServerCounters) => number) => () =>
    SERVERS.map((server) => ({ labels: { server }, value: read(of(server)) }));
  const eachBy =
    <Label extends string>(label: Label, read: (server: ServerCounters) => Record<string, number>) =>
    () =>
      SERVERS.flatMap((server) =>
        Object.entries(read(of(server))).map(([name, value]) => ({
          labels: { server, [label]: name } as Record<"server" | Label, string>,
          value,
        })),
      );
  return {
    portsyncd_http_requests_total: eachBy("code", ({ requests }) =>
      Object.fromEntries(CLASSES.map((statusClass) => [statusClass, answersOf(requests, statusClass)])),
    ),
    portsyncd_http_malformed_requests_total: each(({ requests }) => requests.malformed),
    portsyncd_http_open_connections: each(({ open }) => open),
    portsyncd_http_connections_total: eachBy("result", ({ connections: { accepted, refused } }) => ({
      accepted,
      refused,
    })),
    portsyncd_http_aborted_connections_total: eachBy("reason", ({ connections }) => ({
      evicted: connections.evicted,
      slow_request: connections.slowRequests,
      slow_answer: connections.slowAnswers,
    })),
  };
}
