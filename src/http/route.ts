import type { Answer } from "./answer.ts";
import type { SchemaName } from "./v1/schema.ts";

/** The methods of requests that are answered; HEAD counts as GET. */
export type Method = "GET" | "POST" | "DELETE";

/** What may stand in the query of a request. */
export interface Parameter {
  readonly name: string;
  /** What it does, what is allowed. */
  readonly meaning: string;
}

/** A request that a route was found for. */
export interface RouteRequest {
  /** What stood in place of the names in braces of the path. */
  readonly names: Readonly<Record<string, string>>;
  /** Only parameters that the route has, none twice. */
  readonly query: ReadonlyMap<string, string>;
  /** The body as JSON. Rejects with RequestError for anything but an object. */
  body(): Promise<Readonly<Record<string, unknown>>>;
}

/** Something that can be asked for. */
export interface Route {
  readonly method: Method;
  /** A part in braces stands for any one part: `/api/v1/ports/{name}`. */
  readonly path: string;
  readonly meaning: string;
  readonly parameters: readonly Parameter[];
  /** What the answer holds when all is well; undefined when it is not of the API. */
  readonly response: SchemaName | undefined;
  /** May throw or reject with RequestError, UnavailableError. */
  handle(request: RouteRequest): Answer | Promise<Answer>;
}
