import type { HistogramValue } from "../util/histogramvalue.ts";
import type { LabelOf, MetricName, METRICS } from "./definitions.ts";

/** A value of a metric with labels. */
export interface Sample<Label extends string = string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly value: number;
}

/** Takes the value of one port after the other, by their names. */
export type PortVisitor = (port: string, value: number) => void;

/**
 * How a metric is read when somebody asks for it; undefined, or no sample, where it has no value now. The type follows from
 * the metric's type and labels.
 */
export type Reading<Name extends MetricName> = (typeof METRICS)[Name]["type"] extends "histogram"
  ? () => HistogramValue | undefined
  : [LabelOf<Name>] extends [never]
    ? () => number | undefined
    : [LabelOf<Name>] extends ["port"]
      ? (see: PortVisitor) => void
      : () => Iterable<Sample<LabelOf<Name>>>;

/** How all metrics are read: one that is defined and not read does not compile. */
export type Readings = { readonly [Name in MetricName]: Reading<Name> };

/** A reading whose type is not known any more. */
export type AnyReading =
  | { readonly kind: "value"; readonly read: () => number | undefined }
  | { readonly kind: "samples"; readonly read: () => Iterable<Sample> }
  | { readonly kind: "ports"; readonly read: (see: PortVisitor) => void }
  | { readonly kind: "histogram"; readonly read: () => HistogramValue | undefined };

/** The samples of a metric with one label, from its values by the label's. */
export function samplesBy<Label extends string>(
  label: Label,
  values: Readonly<Record<string, number>>,
): Sample<Label>[] {
  return Object.entries(values).map(([name, value]) => ({
    labels: { [label]: name } as Record<Label, string>,
    value,
  }));
}
