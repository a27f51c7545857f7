import { toJsonLine } from "../util/jsonline.ts";

/** What a request is answered with. */
export interface Answer {
  readonly status: number;
  /** The media type of the body. */
  readonly type: string;
  readonly body: string | Uint8Array;
  /** Beside those that every answer has. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The reason phrases that problems are titled with (RFC 9110, RFC 6585). */
const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** Something wrong with one part of a request. */
export interface ProblemIssue {
  /** The key or parameter. */
  readonly key: string;
  /** What is wrong, what is allowed. */
  readonly message: string;
}

/** Plain text. */
export function textAnswer(status: number, text: string): Answer {
  return { status, type: "text/plain; charset=utf-8", body: `${text}\n` };
}

/** JSON, in which nothing acts on a terminal. */
export function jsonAnswer(status: number, value: object, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, type: "application/json", body: `${toJsonLine(value)}\n`, headers };
}

/** What is wrong with a request, or why it cannot be answered, as RFC 9457 has it. */
export function problemAnswer(
  status: number,
  detail: string,
  { issues, headers }: { issues?: readonly ProblemIssue[]; headers?: Readonly<Record<string, string>> } = {},
): Answer {
  const problem = { title: TITLES[status] ?? String(status), status, detail, ...(issues && { issues }) };
  return {
    status,
    type: "application/problem+json",
    body: `${toJsonLine(problem)}\n`,
    ...(headers && { headers }),
  };
}

/** Ends a request with an answer; to be caught by the router. */
export class RequestError extends Error {
  override readonly name = "RequestError";

  constructor(readonly answer: Answer) {
    super(`${answer.status}`);
  }
}

/** Refuses a request: the caller throws what this returns. */
export function refusal(...problem: Parameters<typeof problemAnswer>): RequestError {
  return new RequestError(problemAnswer(...problem));
}
