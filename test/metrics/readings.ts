import { METRIC_NAMES } from "../../src/metrics/definitions.ts";
import type { Readings } from "../../src/metrics/reading.ts";
import { readingOf } from "../../src/metrics/registry.ts";

const NOTHING = {
  value: () => undefined,
  samples: () => [],
  ports: () => {},
  histogram: () => undefined,
};

/** Readings of metrics that have no value, but for those that a test gives. */
export function readings(given: Partial<Readings> = {}): Readings {
  const kindOf = (name: (typeof METRIC_NAMES)[number]) => readingOf({} as Readings, name).kind;
  const nothing = Object.fromEntries(METRIC_NAMES.map((name) => [name, NOTHING[kindOf(name)]]));
  return { ...(nothing as unknown as Readings), ...given };
}
