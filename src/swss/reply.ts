import { isWrongType, type Reply, ReplyError } from "./database.ts";

/** An array of strings. Throws ReplyError for anything else, which no Redis sends but something in its place might. */
export function expectStrings(command: string, reply: Reply | undefined): string[] {
  if (Array.isArray(reply) && reply.every((item) => typeof item === "string")) return reply;
  throw unexpected(command, reply);
}

/** An array of strings and nulls. Throws ReplyError for anything else. */
export function expectValues(command: string, reply: Reply | undefined): (string | null)[] {
  const isValue = (item: Reply): item is string | null => item === null || typeof item === "string";
  if (Array.isArray(reply) && reply.every(isValue)) return reply;
  throw unexpected(command, reply);
}

/** A string or null. Throws ReplyError for anything else. */
export function expectValue(command: string, reply: Reply): string | null {
  if (reply === null || typeof reply === "string") return reply;
  throw unexpected(command, reply);
}

/** The next cursor and the keys of a SCAN. Throws ReplyError for anything else. */
export function expectScan(reply: Reply): [string, string[]] {
  if (Array.isArray(reply) && typeof reply[0] === "string") return [reply[0], expectStrings("SCAN", reply[1])];
  throw unexpected("SCAN", reply);
}

function unexpected(command: string, reply: Reply | undefined): ReplyError {
  const kind = Array.isArray(reply) ? "an array" : reply === null ? "nil" : `a ${typeof reply}`;
  return new ReplyError(`UNEXPECTED reply to ${command}: ${kind}`);
}

/** Throws the first error that is not about its key alone, as one of a wrong type is: it says that Redis does not serve now. */
export function expectServed(replies: readonly (Reply | ReplyError)[]): void {
  const refusal = replies.find((reply) => reply instanceof ReplyError && !isWrongType(reply));
  if (refusal) throw refusal;
}

/** The first error among the replies from the position `start` on and before `end`. */
export function errorAmong(
  replies: readonly (Reply | ReplyError)[],
  start: number,
  end: number,
): ReplyError | undefined {
  for (let at = start; at < end; at++) {
    const reply = replies[at];
    if (reply instanceof ReplyError) return reply;
  }
  return undefined;
}
