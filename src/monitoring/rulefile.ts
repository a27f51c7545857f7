import type { Rule } from "../alert/rule.ts";
import type { MetricName } from "../metrics/definitions.ts";
import { EXPORT_MARK, type ExportedFile } from "./exportedfile.ts";
import { type AlertingRule, alertingRule, type RuleGroup } from "./prometheusrule.ts";
import { listQueries, recordingRules } from "./querylibrary.ts";
import { toYaml } from "./yaml.ts";

/** How often the alerting rules are looked at: Prometheus' own default of a minute would miss what lasts seconds. */
const INTERVAL = "15s";

/** The one thing that the daemon cannot tell of itself. */
const DAEMON_DOWN: AlertingRule = {
  alert: "portsyncd_down",
  expr: 'up{job="portsyncd"} == 0',
  for: "1m",
  labels: { severity: "critical" },
  annotations: {
    summary: "{{ $labels.instance }}: portsyncd cannot be scraped",
    description:
      "Prometheus has got no metrics of portsyncd for 1 minute or longer: it does not run, its HTTP server did not start, or " +
      "the network is away. If it does not run, STATE_DB does not follow the kernel.",
    action: "On the switch: systemctl status portsyncd, or docker logs swss; then portsyncd status.",
  },
};

/** All rules for Prometheus: those of the daemon that are enabled, that the daemon is there, and what is recorded. */
export function ruleGroups(rules: readonly Rule<MetricName>[]): RuleGroup[] {
  const enabled = rules.filter((rule) => rule.enabled);
  return [
    { name: "portsyncd", interval: INTERVAL, rules: [DAEMON_DOWN, ...enabled.map(alertingRule)] },
    { name: "portsyncd-recorded", rules: recordingRules() },
  ];
}

/** The alerting and recording rules as a file for `rule_files` of prometheus.yml. Throws RangeError for a rule that cannot be evaluated. */
export function ruleFile(rules: readonly Rule<MetricName>[]): ExportedFile {
  const disabled = rules.filter((rule) => !rule.enabled).map(({ id }) => id);
  const comment = [
    `${EXPORT_MARK} prometheus-rules; changes are lost when it is written again.`,
    "",
    "The alert rules that portsyncd itself has by its configuration, for Prometheus to look at in its place: let one of the",
    "two tell of alerts.",
    "Needs Prometheus 2.42 or newer, and a scrape interval of at most 1 minute. Scrape the switches as the job portsyncd.",
    ...(disabled.length === 0 ? [] : [`Left out, since they are disabled: ${disabled.join(", ")}.`]),
  ];
  return { name: "portsyncd.rules.yml", text: toYaml(comment, { groups: ruleGroups(rules) }) };
}

/** The queries as a file for people and programs. */
export function queryFile(): ExportedFile {
  const comment = [
    `${EXPORT_MARK} promql; changes are lost when it is written again.`,
    "",
    'Questions to Prometheus about portsyncd. Each answer has the label instance: add {instance="..."} to ask about one switch.',
  ];
  return { name: "portsyncd.queries.yml", text: toYaml(comment, { queries: listQueries() }) };
}
