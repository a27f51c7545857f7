import type { NumberedTransition, TrendFacts } from "../http/sources.ts";
import { UnavailableError } from "../http/sources.ts";

/** Trends of a daemon that keeps none. */
export function noTrends(): Promise<TrendFacts> {
  return Promise.reject(new UnavailableError("trends are not kept"));
}

/** The history of a daemon that cannot read it. */
export function noHistory(): Promise<readonly NumberedTransition[]> {
  return Promise.reject(new UnavailableError("the history is told by portsyncd history only"));
}
