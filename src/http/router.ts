import { quoteString } from "../log/escape.ts";
import { getLog } from "../log/logger.ts";
import type { Clock } from "../util/clock.ts";
import { UnavailableError } from "../util/unavailable.ts";
import { type Answer, problemAnswer, refusal, RequestError } from "./answer.ts";
import type { Method, Route, RouteRequest } from "./route.ts";
import type { Turnstile } from "./turnstile.ts";

/** A request as it came: its target is not looked at yet. */
export interface Inquiry {
  readonly method: string;
  /** Path and query, as they were sent. */
  readonly target: string;
  readonly body: RouteRequest["body"];
}

/** How long a source may take, in milliseconds. */
const PATIENCE_MS = 10_000;

const log = getLog("http");

/** Finds the route of a request and has it answered. */
export class Router {
  readonly #clock: Clock;
  readonly #routes: readonly Route[];
  readonly #turnstile: Turnstile;

  /** `turnstile` is that of all that answers. */
  constructor(clock: Clock, routes: readonly Route[], turnstile: Turnstile) {
    this.#clock = clock;
    this.#routes = routes;
    this.#turnstile = turnstile;
  }

  /** Never rejects: what goes wrong is an answer, too. */
  async answer(inquiry: Inquiry): Promise<Answer> {
    try {
      return await this.#answer(inquiry);
    } catch (error) {
      if (error instanceof RequestError) return error.answer;
      if (error instanceof UnavailableError) return problemAnswer(503, error.message);
      // A mistake in an answer must not end the daemon.
      log.error("{method} {target} was not answered: {error}", {
        method: inquiry.method,
        target: inquiry.target,
        error: error instanceof Error ? (error.stack ?? error.message) : error,
      });
      return problemAnswer(500, "the daemon's log says why");
    }
  }

  async #answer({ method, target, body }: Inquiry): Promise<Answer> {
    const { path, search } = splitTarget(target);
    const { route, names } = this.#find(method, path);
    const request = { names, query: readQuery(route, search), body };
    const work = (): Answer | Promise<Answer> => route.handle(request);
    const answering = route.method === "GET" ? this.#turnstile.share(target, work) : this.#turnstile.run(work);
    const tooLate = Promise.withResolvers<Answer>();
    const cancel = this.#clock.after(PATIENCE_MS, () =>
      tooLate.resolve(problemAnswer(503, `there was no answer within ${PATIENCE_MS / 1000} s`)),
    );
    return Promise.race([answering, tooLate.promise]).finally(cancel);
  }

  #find(method: string, path: string): { route: Route; names: Readonly<Record<string, string>> } {
    const wanted = method === "HEAD" ? "GET" : method;
    const methods = new Set<Method>();
    for (const route of this.#routes) {
      const names = matchPath(route.path, path);
      if (!names) continue;
      if (route.method === wanted) return { route, names };
      methods.add(route.method);
    }
    if (methods.size === 0) throw refusal(404, `there is no ${quoteString(path)}; /api/v1 lists what there is`);
    const allowed = [...methods].flatMap((name) => (name === "GET" ? ["GET", "HEAD"] : [name])).join(", ");
    throw refusal(405, `allowed: ${allowed}`, { headers: { Allow: allowed } });
  }
}

function splitTarget(target: string): { path: string; search: string } {
  if (!target.startsWith("/")) throw refusal(400, "the target of a request must be a path");
  const end = target.indexOf("?");
  return end < 0 ? { path: target, search: "" } : { path: target.slice(0, end), search: target.slice(end + 1) };
}

/** What the parts in braces of a pattern stand for in a path; undefined when it does not fit. */
function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split("/");
  const parts = path.split("/");
  if (wanted.length !== parts.length) return undefined;
  const names: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    const [, name] = /^\{(\w+)\}$/.exec(part) ?? [];
    if (name === undefined && part !== parts[i]) return undefined;
    if (name !== undefined) names[name] = decodePart(parts[i]!);
  }
  return names;
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw refusal(400, "the path is not percent-encoded UTF-8");
  }
}

/** The parameters of a request; one that does not exist is told, or a misspelt one would go unnoticed. */
function readQuery({ parameters }: Route, search: string): ReadonlyMap<string, string> {
  const query = new Map<string, string>();
  for (const [key, value] of new URLSearchParams(search)) {
    const allowed = parameters.map(({ name }) => name).join(", ") || "none";
    if (!parameters.some(({ name }) => name === key))
      throw refusal(400, "there is no such parameter", { issues: [{ key, message: `allowed: ${allowed}` }] });
    if (query.has(key))
      throw refusal(400, "a parameter is given twice", { issues: [{ key, message: "once is enough" }] });
    query.set(key, value);
  }
  return query;
}
