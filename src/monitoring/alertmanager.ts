import type { Severity } from "../alert/rule.ts";
import { EXPORT_MARK, type ExportedFile } from "./exportedfile.ts";
import { toYaml } from "./yaml.ts";

/** How urgently people are told, and how often again. */
const ROUTES: Readonly<Record<Severity, { readonly receiver: string; readonly wait: string; readonly again: string }>> =
  {
    critical: { receiver: "portsyncd-page", wait: "10s", again: "1h" },
    warning: { receiver: "portsyncd-ticket", wait: "1m", again: "12h" },
    info: { receiver: "portsyncd-log", wait: "5m", again: "7d" },
  };

/** The order in which routes are tried. */
const ORDER = ["critical", "warning", "info"] as const satisfies readonly Severity[];

const CONFIGURATION = {
  route: {
    receiver: ROUTES.warning.receiver,
    // One message a switch, however many of its ports flap.
    group_by: ["instance"],
    routes: ORDER.map((severity) => {
      const { receiver, wait, again } = ROUTES[severity];
      return {
        matchers: [`severity="${severity}"`],
        receiver,
        group_wait: wait,
        group_interval: "1m",
        repeat_interval: again,
      };
    }),
  },
  inhibit_rules: [
    // What is known of a switch that cannot be asked is old.
    {
      source_matchers: ['alertname="portsyncd_down"'],
      target_matchers: ['alertname!="portsyncd_down"'],
      equal: ["instance"],
    },
    { source_matchers: ['severity="critical"'], target_matchers: ['severity=~"warning|info"'], equal: ["instance"] },
    { source_matchers: ['severity="warning"'], target_matchers: ['severity="info"'], equal: ["instance"] },
  ],
  receivers: ORDER.map((severity) => {
    const { receiver } = ROUTES[severity];
    return { name: receiver, webhook_configs: [{ url: `http://127.0.0.1:9099/${receiver}`, send_resolved: true }] };
  }),
};

/** An example for Alertmanager: by severity, one message a switch, and what is worse keeps quiet about the rest. */
export function alertmanagerFile(): ExportedFile {
  const comment = [
    `${EXPORT_MARK} alertmanager; changes are lost when it is written again: copy what you take over.`,
    "",
    "An example: put receivers of your own (e-mail, chat, pager) in the place of the webhooks. Where Alertmanager has other",
    "alerts to send, too, put the routes below into its own.",
  ];
  return { name: "portsyncd.alertmanager.yml", text: toYaml(comment, CONFIGURATION) };
}
