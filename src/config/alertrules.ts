import { builtinRules } from "../alert/builtin.ts";
import { type ParsedRules, parseRules } from "../alert/parserules.ts";
import type { MetricName } from "../metrics/definitions.ts";
import { METRIC_CATALOGUE } from "./metriccatalogue.ts";

/** The alert rules of the daemon with those of the file, and what is wrong with the latter; `maxLatencyUs` is performance.max_latency_us. */
export function alertRules(entries: readonly unknown[], maxLatencyUs: number): ParsedRules<MetricName> {
  return parseRules<MetricName>(entries, builtinRules({ maxLatencyUs }), METRIC_CATALOGUE);
}
