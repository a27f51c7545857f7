import type { MessageFormat } from "./receiver.ts";

/** Where Alertmanager's API v2 takes alerts, below its URL. */
export const ALERTS_PATH = "/api/v2/alerts";

/** What Alertmanager's API v2 takes: postableAlerts. It forgets an alert at its endsAt, so it is told of it again before. */
export function alertmanagerFormat(externalUrl: () => string): MessageFormat {
  return {
    wantsRepeats: true,
    group: () => "",
    encode: (notifications) =>
      JSON.stringify(
        notifications.map(({ labels, annotations, startsAt, endsAt }) => {
          const generatorURL = externalUrl();
          return { labels, annotations, startsAt, endsAt, ...(generatorURL !== "" && { generatorURL }) };
        }),
      ),
  };
}
