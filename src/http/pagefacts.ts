import type { Clock } from "../util/clock.ts";
import { UnavailableError } from "../util/unavailable.ts";
import type { PortFacts, Sources } from "./sources.ts";
import { toAlerts } from "./v1/alerts.ts";
import { toHistory } from "./v1/history.ts";
import { findProblems } from "./v1/portproblem.ts";
import { sortPorts, toPort } from "./v1/ports.ts";
import type { Response } from "./v1/schema.ts";
import { toStatus } from "./v1/status.ts";

/** What the page tells. */
export interface PageFacts {
  readonly status: Response<"Status">;
  /** The ports that are not in order, as many as the page has room for. */
  readonly troubled: readonly Response<"Port">[];
  readonly alerts: Response<"Alerts">;
  /** The last changes, or why they are not known. */
  readonly changes: Response<"History">["transitions"] | string;
}

/** Ports and changes of one page. */
export const MOST_ROWS = 100;
const MOST_CHANGES = 25;
/** How long the page waits for the history, in milliseconds. */
const HISTORY_MS = 2000;

/** Asks for what the page tells; all of it but the history is of the same moment. */
export async function readPage(sources: Sources, clock: Clock): Promise<PageFacts> {
  const nowWallMs = clock.wallNow();
  const ports = sortPorts(sources.ports());
  const status = toStatus(sources.status(), ports, nowWallMs);
  const alerts = toAlerts(sources.alerts(), nowWallMs);
  return { status, troubled: findTroubled(ports), alerts, changes: await readChanges(sources, clock) };
}

function findTroubled(ports: readonly PortFacts[]): Response<"Port">[] {
  return ports
    .filter((port) => findProblems(port).length > 0)
    .slice(0, MOST_ROWS)
    .map(toPort);
}

async function readChanges(sources: Sources, clock: Clock): Promise<PageFacts["changes"]> {
  const tooLate = Promise.withResolvers<string>();
  const cancel = clock.after(HISTORY_MS, () => tooLate.resolve("the store does not answer"));
  const query = { port: undefined, sinceWallMs: undefined, beforeId: undefined, limit: MOST_CHANGES };
  const reading = sources.history(query).then((found) => toHistory(found, MOST_CHANGES).transitions);
  try {
    return await Promise.race([reading, tooLate.promise]);
  } catch (error) {
    if (error instanceof UnavailableError) return error.message;
    throw error;
  } finally {
    cancel();
  }
}
