import type { HistoryQuery } from "../../store/historyquery.ts";
import type { Clock } from "../../util/clock.ts";
import { encodeName } from "../../util/ifname.ts";
import { UnavailableError } from "../../util/unavailable.ts";
import { type Answer, jsonAnswer, refusal } from "../answer.ts";
import { readInteger, readSince, SINCE_FORMS } from "../query.ts";
import type { Route, RouteRequest } from "../route.ts";
import type { Sources } from "../sources.ts";
import { toAlerts } from "./alerts.ts";
import { toHistory } from "./history.ts";
import { findPort, toPort, toPorts } from "./ports.ts";
import { toStatus } from "./status.ts";
import { toTrends } from "./trends.ts";

/** Ports of one answer: more are told in pieces, so that none takes long. */
const PORTS_AT_ONCE = 2048;
const MOST_TRANSITIONS = 1000;
const USUAL_TRANSITIONS = 100;
/** Questions about the history at the same time; a store that does not answer must not collect more. */
const MOST_HISTORY_READERS = 4;

const HISTORY_PARAMETERS: Route["parameters"] = [
  { name: "port", meaning: "only of the port of this name" },
  { name: "since", meaning: `only what came after: ${SINCE_FORMS}` },
  { name: "before", meaning: "go on before the transition with this id: `next` of the answer before" },
  { name: "limit", meaning: `how many, 1 to ${MOST_TRANSITIONS}; default ${USUAL_TRANSITIONS}` },
];

/** The routes of /api/v1 that change nothing, but for the one that lists them. */
export function readingRoutes(sources: Sources, clock: Pick<Clock, "wallNow">): Route[] {
  const readHistory = bounded(MOST_HISTORY_READERS, (query: HistoryQuery) => sources.history(query));
  const get = (path: string, meaning: string, rest: Pick<Route, "response" | "handle"> & Partial<Route>): Route => {
    return { method: "GET", path: `/api/v1/${path}`, meaning, parameters: [], ...rest };
  };
  return [
    get("status", "how the daemon is, with reasons", {
      response: "Status",
      handle: () => jsonAnswer(200, toStatus(sources.status(), sources.ports(), clock.wallNow())),
    }),
    get("ports", "all ports", {
      parameters: [
        { name: "after", meaning: "go on after this port: `next` of the answer before" },
        { name: "limit", meaning: `how many, 1 to ${PORTS_AT_ONCE}; default ${PORTS_AT_ONCE}` },
      ],
      response: "Ports",
      handle: ({ query }) => {
        const limit = readInteger(query, "limit", 1, PORTS_AT_ONCE, PORTS_AT_ONCE);
        return jsonAnswer(200, toPorts(sources.ports(), { after: query.get("after"), limit }, clock.wallNow()));
      },
    }),
    get("ports/{name}", "one port", { response: "Port", handle: ({ names }) => answerPort(sources, names["name"]!) }),
    get("alerts", "alerts, rules and silences", {
      response: "Alerts",
      handle: () => jsonAnswer(200, toAlerts(sources.alerts(), clock.wallNow())),
    }),
    get("trends", "where things are going, and which ports flap", {
      response: "Trends",
      handle: async () => jsonAnswer(200, toTrends(await sources.trends(), clock.wallNow())),
    }),
    get("history", "how ports changed, the newest first", {
      parameters: HISTORY_PARAMETERS,
      response: "History",
      handle: async (request) => answerHistory(request, readHistory, clock.wallNow()),
    }),
  ];
}

function answerPort(sources: Sources, name: string): Answer {
  const port = findPort(sources, name);
  if (!port) throw refusal(404, "there is no such port; /api/v1/ports lists them");
  return jsonAnswer(200, toPort(port));
}

async function answerHistory({ query }: RouteRequest, read: Sources["history"], nowWallMs: number): Promise<Answer> {
  const limit = readInteger(query, "limit", 1, MOST_TRANSITIONS, USUAL_TRANSITIONS);
  const port = query.get("port");
  const found = await read({
    port: port === undefined ? undefined : encodeName(port),
    sinceWallMs: readSince(query, "since", nowWallMs),
    beforeId: readInteger(query, "before", 1, Number.MAX_SAFE_INTEGER, undefined),
    limit: limit + 1,
  });
  return jsonAnswer(200, toHistory(found, limit));
}

/** `work` that is not begun while `most` of it is under way. */
function bounded<A, T>(most: number, work: (argument: A) => Promise<T>): (argument: A) => Promise<T> {
  let running = 0;
  return async (argument) => {
    if (running >= most) throw new UnavailableError(`${most} are asking already`);
    running++;
    try {
      return await work(argument);
    } finally {
      running--;
    }
  };
}
