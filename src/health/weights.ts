/** What can be wrong. */
export const REASON_NAMES = [
  "netlink_down",
  "redis_down",
  "event_loop_stalled",
  "ports_out_of_sync",
  "publish_failures",
  "event_failures",
  "port_init_stalled",
  "event_latency_high",
  "store_degraded",
  "http_failed",
] as const;

/** One of the things that can be wrong. */
export type ReasonName = (typeof REASON_NAMES)[number];

/** How many of 100 points a reason costs. */
export interface Weight {
  /** Right beyond the limit. */
  readonly atLimit: number;
  /** At the worst; in between it grows in a straight line. */
  readonly atWorst: number;
  /** What the worst is, for people. */
  readonly worst: string;
}

/** A daemon with fewer points is unhealthy: what stops STATE_DB from following the kernel costs more than half of them. */
export const UNHEALTHY_BELOW = 50;

/** What each reason costs. Points add up, and there are none below 0. */
export const WEIGHTS: Readonly<Record<ReasonName, Weight>> = {
  netlink_down: { atLimit: 60, atWorst: 60, worst: "always" },
  redis_down: { atLimit: 60, atWorst: 60, worst: "always" },
  event_loop_stalled: { atLimit: 60, atWorst: 60, worst: "always" },
  ports_out_of_sync: { atLimit: 20, atWorst: 60, worst: "no port is in sync" },
  publish_failures: { atLimit: 20, atWorst: 60, worst: "all writes fail" },
  event_failures: { atLimit: 15, atWorst: 60, worst: "all events fail" },
  port_init_stalled: { atLimit: 30, atWorst: 30, worst: "always" },
  event_latency_high: { atLimit: 10, atWorst: 30, worst: "ten times the limit" },
  store_degraded: { atLimit: 10, atWorst: 10, worst: "always" },
  http_failed: { atLimit: 10, atWorst: 10, worst: "always" },
};
