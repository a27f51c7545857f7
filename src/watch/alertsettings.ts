import { hostname } from "node:os";

import type { Rule } from "../alert/rule.ts";
import { alertRules } from "../config/alertrules.ts";
import type { Config } from "../config/schema.ts";
import type { MetricName } from "../metrics/definitions.ts";
import type { ReceiverSettings } from "./receivers.ts";

/** What is looked at, and who is told. */
export interface AlertSettings {
  readonly rules: readonly Rule<MetricName>[];
  /** Of every alert. */
  readonly labels: Readonly<Record<string, string>>;
  readonly receivers: ReceiverSettings;
}

/** What a configuration, which was checked, says of alerts; only a real daemon tells others of them. */
export function alertSettings({ alerts, performance, namespace }: Config, isReal: boolean): AlertSettings {
  const { instance, alertmanagers, webhooks, external_url, ca, timeout_secs } = alerts;
  return {
    rules: alertRules(alerts.rules, performance.max_latency_us).rules,
    labels: { instance: instance || hostname(), ...(namespace !== "" && { namespace }) },
    receivers: {
      alertmanagers: isReal ? alertmanagers : [],
      webhooks: isReal ? webhooks : [],
      externalUrl: external_url,
      ca,
      timeoutMs: timeout_secs * 1000,
    },
  };
}
