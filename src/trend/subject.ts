/** What is followed: the metric, what its numbers mean, and what of them matters. */
export interface Subject {
  /** A gauge is what it is; of a counter, a total that only grows, the rate per second is followed. */
  readonly kind: "gauge" | "counter";
  /** Of a gauge's values; of a counter what it counts. */
  readonly unit: string;
  /** The least difference that matters to anybody, in units of the gauge or units per second of the counter. */
  readonly resolution: number;
}

const HOUR_SECONDS = 3600;

/** The series that are kept, by the names under which they are kept. */
export const SUBJECTS = {
  event_latency_p99: { kind: "gauge", unit: "seconds", resolution: 50e-6 },
  redis_latency_p99: { kind: "gauge", unit: "seconds", resolution: 50e-6 },
  health_score: { kind: "gauge", unit: "points", resolution: 1 },
  publish_failures: { kind: "counter", unit: "failures", resolution: 1 / HOUR_SECONDS },
  restarts: { kind: "counter", unit: "restarts", resolution: 1 / (24 * HOUR_SECONDS) },
} as const satisfies Record<string, Subject>;

/** The name of a series that is kept. */
export type SubjectName = keyof typeof SUBJECTS;
