import { HistogramWindow } from "../alert/histogramwindow.ts";
import type { Reconciler } from "../port/reconciler.ts";
import { START_KINDS } from "../store/start.ts";
import type { SubjectName } from "../trend/subject.ts";
import type { Observations } from "./observations.ts";

/** What is known of a subject now; NaN for nothing. Of a counter it is the total. */
export type TrendSample = Readonly<Record<SubjectName, number>>;

/** The name under which changes of ports that were refused or lost are counted over restarts. */
const FAILURES = "portsyncd_publishes_total/failed";

/** Reads what the trends follow from the parts that run. */
export class TrendSamples {
  readonly #reconciler: Reconciler;
  readonly #observations: Observations;
  readonly #healthScore: () => number | undefined;
  readonly #eventLatency: HistogramWindow;
  readonly #redisLatency: HistogramWindow;

  /** `everyMs` is the time between two samples: latencies are those since the one before. */
  constructor(
    reconciler: Reconciler,
    observations: Observations,
    healthScore: () => number | undefined,
    everyMs: number,
  ) {
    this.#reconciler = reconciler;
    this.#observations = observations;
    this.#healthScore = healthScore;
    // Half of it, so that a timer that is late or early has the sample before as the start of the window.
    this.#eventLatency = new HistogramWindow(everyMs / 2);
    this.#redisLatency = new HistogramWindow(everyMs / 2);
  }

  /** Reads them; `nowMs` is on a clock that never jumps. */
  read(nowMs: number): TrendSample {
    const { eventLatency, redisLatency, totals } = this.#observations;
    const { refused, lost } = this.#reconciler.publisher.counters;
    this.#eventLatency.add(nowMs, eventLatency.value);
    this.#redisLatency.add(nowMs, redisLatency.value);
    totals.raise(FAILURES, refused + lost);
    const starts = START_KINDS.map((kind) => totals.total(`portsyncd_starts_total/${kind}`) ?? NaN);
    return {
      event_latency_p99: this.#eventLatency.quantile(0.99) ?? NaN,
      redis_latency_p99: this.#redisLatency.quantile(0.99) ?? NaN,
      health_score: this.#healthScore() ?? NaN,
      publish_failures: totals.total(FAILURES) ?? NaN,
      restarts: starts.reduce((sum, count) => sum + count, 0),
    };
  }
}
