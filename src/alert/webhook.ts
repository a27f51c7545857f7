import type { Notification } from "./notification.ts";
import type { MessageFormat } from "./receiver.ts";

/** What Alertmanager says for an end that is not known: the zero of Go's time. */
const NO_END = "0001-01-01T00:00:00Z";

type Labels = Readonly<Record<string, string>>;

/** What all of these say alike. */
function common(all: readonly Labels[]): Labels {
  const [first = {}, ...others] = all;
  return Object.fromEntries(Object.entries(first).filter(([name, value]) => others.every((o) => o[name] === value)));
}

/** The labels by which alerts come in one message. */
function groupLabels({ labels }: Notification): Labels {
  return Object.fromEntries(["alertname", "instance"].flatMap((name) => (labels[name] ? [[name, labels[name]]] : [])));
}

function groupKey(notification: Notification): string {
  const pairs = Object.entries(groupLabels(notification)).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `{}:{${pairs.join(", ")}}`;
}

/**
 * What Alertmanager posts to webhooks, version 4. Other than its own, a message has of the group only those alerts that
 * changed since the last one.
 */
export function webhookFormat(externalUrl: () => string): MessageFormat {
  return {
    wantsRepeats: false,
    group: groupKey,
    encode: (notifications) => {
      const first = notifications[0]!;
      const generatorURL = externalUrl();
      return JSON.stringify({
        version: "4",
        groupKey: groupKey(first),
        truncatedAlerts: 0,
        status: notifications.some(({ status }) => status === "firing") ? "firing" : "resolved",
        receiver: "portsyncd",
        groupLabels: groupLabels(first),
        commonLabels: common(notifications.map(({ labels }) => labels)),
        commonAnnotations: common(notifications.map(({ annotations }) => ({ ...annotations }))),
        externalURL: generatorURL,
        alerts: notifications.map(({ status, labels, annotations, startsAt, endsAt, fingerprint }) => ({
          status,
          labels,
          annotations,
          startsAt,
          endsAt: status === "firing" ? NO_END : endsAt,
          generatorURL,
          fingerprint,
        })),
      });
    },
  };
}
