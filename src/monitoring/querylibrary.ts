import { HEALTH_QUERIES, LATENCY_QUERIES, THROUGHPUT_QUERIES, TREND_QUERIES } from "./loadqueries.ts";
import { ERROR_QUERIES, RECOVERY_QUERIES, RELIABILITY_QUERIES, SYNC_QUERIES } from "./outcomequeries.ts";
import type { RecordingRule } from "./prometheusrule.ts";
import { FLEET, type View } from "./promql.ts";
import type { QueryDefinition } from "./query.ts";

/** All queries by their ids; the metrics and labels that they name exist, or this does not compile. */
export const QUERIES = {
  ...RECOVERY_QUERIES,
  ...SYNC_QUERIES,
  ...ERROR_QUERIES,
  ...HEALTH_QUERIES,
  ...TREND_QUERIES,
  ...THROUGHPUT_QUERIES,
  ...LATENCY_QUERIES,
  ...RELIABILITY_QUERIES,
} as const satisfies Readonly<Record<string, QueryDefinition>>;

/** The id of a query. */
export type QueryId = keyof typeof QUERIES;

/** A query as it is written down. */
export interface Query extends Omit<QueryDefinition, "expression" | "record"> {
  readonly id: QueryId;
  /** In PromQL. */
  readonly expression: string;
}

/** A query as {@link QueryDefinition}, with its optional properties. */
export function queryOf(id: QueryId): QueryDefinition {
  return QUERIES[id];
}

/** All queries, as they are asked by a view. */
export function listQueries(view: View = FLEET): Query[] {
  return (Object.keys(QUERIES) as QueryId[]).map((id) => {
    const { category, title, description, unit, expression } = queryOf(id);
    return { id, category, title, description, unit, expression: expression(view) };
  });
}

/** What Prometheus records of the queries, so that it is cheap to ask for over months. */
export function recordingRules(): RecordingRule[] {
  return (Object.keys(QUERIES) as QueryId[]).flatMap((id) => {
    const { record, expression } = queryOf(id);
    return record === undefined ? [] : [{ record, expr: expression(FLEET) }];
  });
}
