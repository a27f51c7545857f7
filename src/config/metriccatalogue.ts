import type { MetricInfo } from "../alert/catalogue.ts";
import { METRIC_NAMES, type MetricName, METRICS } from "../metrics/definitions.ts";

/** What alert rules have to know of the metrics that they may read. */
export const METRIC_CATALOGUE: ReadonlyMap<MetricName, MetricInfo> = new Map(
  METRIC_NAMES.map((name) => {
    const { type, unit, labels, help } = METRICS[name];
    return [name, { kind: type, unit, isPerPort: "port" in labels, help }];
  }),
);
