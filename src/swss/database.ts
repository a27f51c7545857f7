import type { DatabaseName } from "./schema.ts";

/** What Redis answers. Strings hold one character for each byte (latin1), so that every byte survives. */
export type Reply = string | number | null | Reply[];

/** An error reply to one command, such as WRONGTYPE; the connection is fine. */
export class ReplyError extends Error {
  override readonly name = "ReplyError";

  /** The first word of the reply, such as `WRONGTYPE`, `READONLY` or `OOM`. */
  get code(): string {
    return this.message.split(" ", 1)[0]!;
  }
}

/** True for the error of a command on a key of another type: the key is wrong, whereas any other error says that Redis does not serve now. */
export function isWrongType(error: unknown): error is ReplyError {
  return error instanceof ReplyError && error.code === "WRONGTYPE";
}

/** The connection is gone or did not answer in time: whether the commands were carried out is not known. */
export class DatabaseLostError extends Error {
  override readonly name = "DatabaseLostError";
}

/** What write() uses: Bun's own client or node-redis. */
export const WRITERS = ["native", "node-redis"] as const;

/** One of the writers. */
export type Writer = (typeof WRITERS)[number];

/** Hears messages of a pattern subscription. */
export type MessageListener = (channel: string, message: string) => void;

/** One of SONiC's databases, connected. Arguments and replies are latin1 text. */
export interface Database {
  readonly name: DatabaseName;
  /** The number in SELECT and in the names of channels. */
  readonly id: number;
  /** What stands between table and key. */
  readonly separator: string;
  /** What write() uses. */
  readonly writer: Writer;
  /** Runs one command. Throws ReplyError, DatabaseLostError. */
  call(...command: string[]): Promise<Reply>;
  /** Runs commands in order, many at once, and resolves when all are answered, errors in their places. Throws DatabaseLostError. */
  batch(commands: readonly (readonly string[])[]): Promise<(Reply | ReplyError)[]>;
  /** As batch(), for commands that write and are answered with a number: over the connection that is the fastest for it. */
  write(commands: readonly (readonly string[])[]): Promise<(Reply | ReplyError)[]>;
  /** Hears what is published on channels that match the pattern, from when it resolves. Throws ReplyError, DatabaseLostError. */
  psubscribe(pattern: string, listener: MessageListener): Promise<void>;
}

/** Who wants to know whether a database is there. */
export interface ConnectorHandlers {
  /** Connected; the database counts as usable when this resolves. Throwing ends the connection and tries again. */
  onConnected(database: Database): Promise<void>;
  /** The connection that was usable is gone; there will be another. */
  onLost(error: Error): void;
  /** An attempt to connect failed; there will be another. */
  onFailed(error: Error): void;
  /** So many commands that were sent at once were answered, the last after `tookMs`. */
  onAnswered?(commands: number, tookMs: number): void;
}

/** Keeps a connection to one database. */
export interface Connector {
  /** Begins to connect; everything else is told to the handlers. */
  open(): void;
  /** Ends the connection and does not make another. */
  close(): void;
}
