import type { Snapshot } from "../../src/alert/snapshot.ts";
import type { HistogramValue } from "../../src/util/histogramvalue.ts";
import { type Courses, valuesOf } from "./stories.ts";

interface Point {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SERIES = /^(\w+)(?:\{(\w+)="([^"]*)"\})?$/;

/** What the courses are at one step, as the alert engine of the daemon looks at metrics. */
export class CourseSnapshot implements Snapshot {
  readonly #points: readonly Point[];

  constructor(courses: Courses, step: number) {
    this.#points = Object.entries(courses).map(([series, course]) => {
      const [, name, label, text] = SERIES.exec(series)!;
      return { name: name!, labels: label === undefined ? {} : { [label]: text! }, value: valuesOf(course)[step]! };
    });
  }

  value(metric: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.#of(metric).filter((point) =>
      Object.entries(labels).every(([label, text]) => point.labels[label] === text),
    );
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
  }

  histogram(metric: string): HistogramValue | undefined {
    const found = this.#of(`${metric}_bucket`);
    if (found.length === 0) return undefined;
    const bounds = found.map(({ labels }) => Number(labels["le"]!.replace("+Inf", "Infinity")));
    return {
      bounds: bounds.filter(Number.isFinite),
      counts: found.map(({ value }) => value),
      sum: this.value(`${metric}_sum`)!,
    };
  }

  ports(metric: string): ReadonlyMap<string, number> | undefined {
    return new Map(this.#of(metric).map(({ labels, value }) => [labels["port"]!, value]));
  }

  /** Prometheus does not know of it, either. */
  recent(): number {
    return 0;
  }

  details(): readonly string[] {
    return [];
  }

  #of(name: string): readonly Point[] {
    return this.#points.filter((point) => point.name === name);
  }
}
