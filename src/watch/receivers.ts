import { alertmanagerFormat, ALERTS_PATH } from "../alert/alertmanager.ts";
import type { Notification } from "../alert/notification.ts";
import { type DeliveryResult, type MessageFormat, Receiver } from "../alert/receiver.ts";
import { webhookFormat } from "../alert/webhook.ts";
import type { Clock } from "../util/clock.ts";
import { postJson } from "./httppost.ts";

/** The kinds of receivers. */
export const RECEIVER_KINDS = ["alertmanager", "webhook"] as const;

/** One of the kinds. */
export type ReceiverKind = (typeof RECEIVER_KINDS)[number];

/** Who is told of alerts, and how. */
export interface ReceiverSettings {
  /** URLs without a slash at the end are the same as those with one. */
  readonly alertmanagers: readonly string[];
  readonly webhooks: readonly string[];
  /** Where people find the daemon's page; "" for nowhere. */
  readonly externalUrl: string;
  /** A file of CAs for https; "" for those of the system. */
  readonly ca: string;
  /** How long an answer may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** Of how many alerts came what, by the kind of receiver. */
export type DeliveryCounts = Readonly<Record<ReceiverKind, Readonly<Record<DeliveryResult, number>>>>;

const FORMATS: Readonly<Record<ReceiverKind, (externalUrl: () => string) => MessageFormat>> = {
  alertmanager: alertmanagerFormat,
  webhook: webhookFormat,
};

function none(): Record<DeliveryResult, number> {
  return { delivered: 0, refused: 0, failed: 0, dropped: 0 };
}

/** All who are told of alerts, each at its own pace. */
export class Receivers implements Disposable {
  readonly counts: Record<ReceiverKind, Record<DeliveryResult, number>> = { alertmanager: none(), webhook: none() };
  readonly #clock: Clock;
  #settings: ReceiverSettings;
  /** By kind and URL. */
  #receivers = new Map<string, Receiver>();

  constructor(settings: ReceiverSettings, clock: Clock) {
    this.#clock = clock;
    this.#settings = settings;
    this.apply(settings);
  }

  /** Takes over other settings; who is still to be told keeps what it waits for. */
  apply(settings: ReceiverSettings): void {
    this.#settings = settings;
    const former = this.#receivers;
    this.#receivers = new Map();
    const keep = (kind: ReceiverKind, url: string): void => {
      const key = `${kind} ${url}`;
      this.#receivers.set(key, former.get(key) ?? this.#open(kind, url));
      former.delete(key);
    };
    for (const url of settings.alertmanagers) keep("alertmanager", url);
    for (const url of settings.webhooks) keep("webhook", url);
    for (const gone of former.values()) gone[Symbol.dispose]();
  }

  /** Has all of them told. */
  tell(notifications: readonly Notification[]): void {
    if (notifications.length > 0) for (const receiver of this.#receivers.values()) receiver.tell(notifications);
  }

  /** An alert, by its fingerprint, was silenced. */
  withdraw(fingerprint: string): void {
    for (const receiver of this.#receivers.values()) receiver.withdraw(fingerprint);
  }

  [Symbol.dispose](): void {
    for (const receiver of this.#receivers.values()) receiver[Symbol.dispose]();
  }

  #open(kind: ReceiverKind, url: string): Receiver {
    const target = kind === "alertmanager" ? url.replace(/\/*$/, ALERTS_PATH) : url;
    return new Receiver({
      name: `${kind} ${new URL(url).origin}`, // the path of a webhook may be its secret
      format: FORMATS[kind](() => this.#settings.externalUrl),
      post: (body, signal) => postJson(target, body, this.#settings.ca, signal),
      timeoutMs: () => this.#settings.timeoutMs,
      onResult: (result, alerts) => void (this.counts[kind][result] += alerts),
      clock: this.#clock,
      random: Math.random,
    });
  }
}
