import type { Notification } from "./notification.ts";

/** What a queue is for. */
export interface QueueOptions {
  /** Whether its receiver forgets, and is to be told again and again of what goes on. */
  readonly wantsRepeats: boolean;
  /** How many alerts may wait. */
  readonly most: number;
}

/** Adds to a set that forgets what was added first when there would be more than `most`. */
function remember(set: Set<string>, fingerprint: string, most: number): void {
  set.add(fingerprint);
  if (set.size > most) for (const first of set) return void set.delete(first);
}

/**
 * What one receiver has still to be told: of each alert the latest only, so it is bounded by the alerts and not by how long
 * nobody answers. Takes fingerprints for the names of alerts.
 */
export class NotificationQueue {
  readonly #options: QueueOptions;
  /** Those that have waited longest come first. */
  #waiting = new Map<string, Notification>();
  /** Those that are on their way. */
  readonly #sending = new Map<string, Notification>();
  /** Those on their way that are to be told no more when they do not arrive. */
  readonly #recalled = new Set<string>();
  /** Those whose firing has an answer, and whose end has none. */
  readonly #told = new Set<string>();
  /** Those whose firing nobody was told of before it was silenced. */
  readonly #unsaid = new Set<string>();

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** How many alerts wait or are on their way. */
  get size(): number {
    return new Set([...this.#waiting.keys(), ...this.#sending.keys()]).size;
  }

  /** Takes what is to be told; returns how many others had to go for it, 0 or 1. */
  add(notification: Notification): number {
    const { fingerprint, status } = notification;
    if (!this.#isWanted(notification)) return 0;
    if (status === "firing") for (const set of [this.#unsaid, this.#recalled]) set.delete(fingerprint);
    const isFull = this.#waiting.size >= this.#options.most && !this.#waiting.has(fingerprint);
    if (isFull) for (const first of this.#waiting.keys()) if (this.#waiting.delete(first)) break;
    this.#waiting.set(fingerprint, notification);
    return Number(isFull);
  }

  /** An alert was silenced: that it fires is not told any more, nor its end when that was all there was to tell. */
  withdraw(fingerprint: string): void {
    const isSending = this.#sending.get(fingerprint)?.status === "firing";
    if (isSending) this.#recalled.add(fingerprint);
    const wasWaiting = this.#waiting.get(fingerprint)?.status === "firing" && this.#waiting.delete(fingerprint);
    if (wasWaiting && !isSending) this.#forgo(fingerprint);
  }

  /** The next to be sent, at most `most` of the same `group`; settle() or giveBack() has to follow. */
  take(most: number, group: (notification: Notification) => string): readonly Notification[] {
    let wanted: string | undefined;
    for (const [fingerprint, notification] of this.#waiting) {
      if (this.#sending.size >= most) break;
      if (group(notification) !== (wanted ??= group(notification))) continue;
      this.#waiting.delete(fingerprint);
      this.#sending.set(fingerprint, notification);
    }
    return [...this.#sending.values()];
  }

  /** The receiver has answered, be it that it does not want them. */
  settle(): void {
    for (const [fingerprint, { status }] of this.#sending) {
      if (status === "firing") remember(this.#told, fingerprint, this.#options.most);
      else this.#told.delete(fingerprint);
    }
    this.#sending.clear();
    this.#recalled.clear();
  }

  /** They did not arrive, as far as is known: they are the first again, where nothing newer is known of them. */
  giveBack(): void {
    const latest = new Map<string, Notification>();
    for (const [fingerprint, notification] of this.#sending)
      if (!this.#recalled.has(fingerprint)) latest.set(fingerprint, this.#waiting.get(fingerprint) ?? notification);
    this.#sending.clear();
    this.#waiting = new Map([...latest, ...[...this.#waiting].filter(([fingerprint]) => !latest.has(fingerprint))]);
    for (const fingerprint of this.#recalled) this.#forgo(fingerprint);
    this.#recalled.clear();
  }

  #isWanted({ fingerprint, status, isRepeat }: Notification): boolean {
    if (status === "resolved" && this.#unsaid.has(fingerprint)) return false;
    if (!isRepeat || this.#options.wantsRepeats || this.#waiting.has(fingerprint)) return true;
    // Who was never told of it, as after a restart, is told now.
    return status === "firing" && !this.#told.has(fingerprint) && !this.#sending.has(fingerprint);
  }

  #forgo(fingerprint: string): void {
    if (this.#told.has(fingerprint)) return;
    remember(this.#unsaid, fingerprint, this.#options.most);
    this.#waiting.delete(fingerprint);
  }
}
