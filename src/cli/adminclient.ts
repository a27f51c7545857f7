import type { Response, SchemaName } from "../http/v1/schema.ts";
import { quoteWord } from "../log/escape.ts";
import { EXIT } from "./exit.ts";
import { Failure } from "./failure.ts";

const PATIENCE_MS = 15_000;

/** Asks the running daemon, through its admin socket. */
export class AdminClient {
  /** `path` is that of the socket. */
  constructor(readonly path: string) {}

  /** What a route answers. Rejects with Failure. */
  get<N extends SchemaName>(route: string): Promise<Response<N>> {
    return this.#ask<N>("GET", route);
  }

  /** Has something made. Rejects with Failure. */
  post<N extends SchemaName>(route: string, wanted: object): Promise<Response<N>> {
    return this.#ask<N>("POST", route, wanted);
  }

  /** Has something ended. Rejects with Failure. */
  delete<N extends SchemaName>(route: string): Promise<Response<N>> {
    return this.#ask<N>("DELETE", route);
  }

  async #ask<N extends SchemaName>(method: string, route: string, wanted?: object): Promise<Response<N>> {
    const body = wanted && { body: JSON.stringify(wanted), headers: { "Content-Type": "application/json" } };
    const options = { unix: this.path, method, signal: AbortSignal.timeout(PATIENCE_MS), ...body };
    let status: number;
    let answer: unknown;
    try {
      const response = await fetch(`http://localhost/api/v1/${route}`, options);
      status = response.status;
      answer = await response.json();
    } catch (error) {
      throw this.#failureOf(error as Error & { code?: string });
    }
    if (status >= 400) throw refused(status, answer as Response<"Problem">);
    return answer as Response<N>;
  }

  #failureOf({ code, name, message }: Error & { code?: string }): Failure {
    const path = quoteWord(this.path);
    if (code === "EACCES" || code === "EPERM")
      return new Failure(EXIT.noPerm, `${path}: permission denied; root and the group of the daemon may ask it`);
    if (code === "ENOENT" || code === "ECONNREFUSED" || code === "ENOTSOCK")
      return new Failure(EXIT.unavailable, `${path}: no daemon answers there`);
    const reason = name === "TimeoutError" ? `no answer within ${PATIENCE_MS / 1000} s` : message;
    return new Failure(EXIT.unavailable, `${path}: ${reason}`);
  }
}

function refused(status: number, { detail, issues }: Response<"Problem">): Failure {
  const exitCode = status === 404 || status === 422 || status === 400 ? EXIT.usage : EXIT.unavailable;
  const lines = (issues ?? []).map(({ key, message }) => `${key}: ${message}`);
  return new Failure(exitCode, [detail, ...lines].join("; "));
}
