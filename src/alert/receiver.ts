import { getLog } from "../log/logger.ts";
import { Backoff } from "../util/backoff.ts";
import type { Clock } from "../util/clock.ts";
import type { Answer } from "./answer.ts";
import type { Notification } from "./notification.ts";
import { NotificationQueue } from "./notificationqueue.ts";

const log = getLog("alert");

/** What is told in one message. */
export interface MessageFormat {
  /** Whether the receiver forgets, and is to be told again and again of what goes on. */
  readonly wantsRepeats: boolean;
  /** Alerts of different groups do not come in one message. */
  readonly group: (notification: Notification) => string;
  /** At most MOST_IN_MESSAGE of them, at least one. */
  readonly encode: (notifications: readonly Notification[]) => string;
}

/** What came of telling of an alert; dropped: there were too many others to be told. */
export type DeliveryResult = Answer["kind"] | "dropped";

/** What a receiver is told with. */
export interface ReceiverOptions {
  /** For the log. */
  readonly name: string;
  readonly format: MessageFormat;
  /** Sends a message until `signal` is aborted; does not reject. */
  readonly post: (body: string, signal: AbortSignal) => Promise<Answer>;
  /** How long an answer may take, in milliseconds. */
  readonly timeoutMs: () => number;
  /** Is told of how many alerts came what. */
  readonly onResult: (result: DeliveryResult, alerts: number) => void;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Alerts in one message. */
export const MOST_IN_MESSAGE = 64;
/** Alerts that wait for one receiver. */
export const MOST_WAITING = 4096;
const FIRST_RETRY_MS = 1000;
const MOST_RETRY_MS = 60_000;

/** Somebody who is told of alerts: one message at a time, and again until there is an answer. Nobody waits for it. */
export class Receiver implements Disposable {
  readonly #options: ReceiverOptions;
  readonly #queue: NotificationQueue;
  readonly #backoff: Backoff;
  /** Ends what is on its way. */
  #abort: AbortController | undefined;
  #cancelRetry: (() => void) | undefined;
  /** Why the last message was not taken; "" when it was. */
  #trouble = "";
  #disposed = false;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#queue = new NotificationQueue({ wantsRepeats: options.format.wantsRepeats, most: MOST_WAITING });
    this.#backoff = new Backoff(FIRST_RETRY_MS, MOST_RETRY_MS, options.random);
  }

  /** Has these told, as soon as may be. */
  tell(notifications: readonly Notification[]): void {
    let dropped = 0;
    for (const notification of notifications) dropped += this.#queue.add(notification);
    if (dropped > 0) this.#options.onResult("dropped", dropped);
    this.#send();
  }

  /** An alert, by its fingerprint, was silenced: what is not said yet stays so. */
  withdraw(fingerprint: string): void {
    this.#queue.withdraw(fingerprint);
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#cancelRetry?.();
    this.#abort?.abort();
  }

  #send(): void {
    if (this.#disposed || this.#abort || this.#cancelRetry) return;
    const { format } = this.#options;
    const batch = this.#queue.take(MOST_IN_MESSAGE, format.group);
    if (batch.length > 0) void this.#post(format.encode(batch), batch.length);
  }

  async #post(body: string, alerts: number): Promise<void> {
    const { clock, post, timeoutMs, onResult } = this.#options;
    const abort = (this.#abort = new AbortController());
    const late = Promise.withResolvers<Answer>();
    const limitMs = timeoutMs();
    const cancel = clock.after(limitMs, () => {
      late.resolve({ kind: "failed", reason: `no answer within ${limitMs / 1000} s` });
      abort.abort();
    });
    const answer = await Promise.race([post(body, abort.signal), late.promise]);
    cancel();
    this.#abort = undefined;
    if (this.#disposed) return;
    onResult(answer.kind, alerts);
    this.#note(answer);
    if (answer.kind === "failed") this.#retryLater(answer.waitMs ?? 0);
    else {
      this.#queue.settle();
      this.#backoff.reset();
      this.#send();
    }
  }

  #retryLater(leastMs: number): void {
    this.#queue.giveBack();
    this.#cancelRetry = this.#options.clock.after(Math.max(leastMs, this.#backoff.next()), () => {
      this.#cancelRetry = undefined;
      this.#send();
    });
  }

  /** One line when it changes how a receiver takes what it is told. */
  #note(answer: Answer): void {
    const { name } = this.#options;
    const trouble = answer.kind === "delivered" ? "" : answer.reason;
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    if (answer.kind === "delivered") log.notice("{receiver} is told of alerts again", { receiver: name });
    else if (answer.kind === "refused")
      log.error("{receiver} refuses alerts: {reason}", { receiver: name, reason: trouble });
    else
      log.warn("{receiver} cannot be told of alerts: {reason}; it is tried again", { receiver: name, reason: trouble });
  }
}
