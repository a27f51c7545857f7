import type { Clock } from "../util/clock.ts";
import { UnavailableError } from "../util/unavailable.ts";
import { unpackTransitions } from "./columns.ts";
import type { HistoryPage } from "./historypage.ts";
import type { HistoryQuery, NumberedTransition } from "./historyquery.ts";

/** More who want to know at the same time are turned away. */
const MOST_READS = 16;

/** Somebody who wants to know, and what there is for him so far. */
interface Read {
  readonly found: NumberedTransition[];
  readonly promise: PromiseWithResolvers<readonly NumberedTransition[]>;
  readonly cancel: () => void;
  query: HistoryQuery;
}

/** Those who want to know of the history, one page after the other, so that what is to be saved need not wait for long. */
export class HistoryReader {
  readonly #clock: Clock;
  readonly #onAsked: () => void;
  #reads: Read[] = [];
  /** Whose page is being read. */
  #asked: Read | undefined;
  /** Why nothing can be read; "" when it can. */
  #refusal = "";

  /** `onAsked` is called when there is something to ask. */
  constructor(clock: Clock, onAsked: () => void) {
    this.#clock = clock;
    this.#onAsked = onAsked;
  }

  /** The transitions that are wanted, the newest first. Rejects with UnavailableError, after `timeoutMs` at the latest. */
  read(query: HistoryQuery, timeoutMs: number): Promise<readonly NumberedTransition[]> {
    const refusal =
      this.#refusal || (this.#reads.length < MOST_READS ? "" : `${MOST_READS} are reading the history already`);
    if (refusal !== "") return Promise.reject(new UnavailableError(refusal));
    const promise = Promise.withResolvers<readonly NumberedTransition[]>();
    const cancel = this.#clock.after(timeoutMs, () =>
      this.#reject(read, `the history was not read within ${timeoutMs} ms`),
    );
    const read: Read = { query, found: [], promise, cancel };
    this.#reads.push(read);
    this.#onAsked();
    return promise.promise;
  }

  /** What to ask for next; undefined when nobody wants to know. */
  next(): HistoryQuery | undefined {
    [this.#asked] = this.#reads;
    return this.#asked?.query;
  }

  /** The page that was asked for last. */
  onPage({ ids, columns, nextBeforeId }: HistoryPage): void {
    const read = this.#asked;
    if (!read || !this.#reads.includes(read)) return; // he has given up
    const transitions = unpackTransitions(columns);
    for (const [i, id] of ids.entries()) read.found.push({ id, ...transitions[i]! });
    const limit = read.query.limit - ids.length;
    if (nextBeforeId !== undefined && limit > 0) {
      read.query = { ...read.query, beforeId: nextBeforeId, limit };
      // Each in turn: nobody waits for one who wants much.
      this.#reads = [...this.#reads.filter((other) => other !== read), read];
      return;
    }
    this.#remove(read);
    read.promise.resolve(read.found);
  }

  /** The page that was asked for last cannot be read. */
  onFailed(reason: string): void {
    if (this.#asked) this.#reject(this.#asked, reason);
  }

  /** Nothing can be read any more, for this reason. */
  end(reason: string): void {
    this.#refusal = reason;
    for (const read of this.#reads) this.#reject(read, reason);
  }

  #reject(read: Read, reason: string): void {
    this.#remove(read);
    read.promise.reject(new UnavailableError(reason));
  }

  #remove(read: Read): void {
    read.cancel();
    this.#reads = this.#reads.filter((other) => other !== read);
  }
}
