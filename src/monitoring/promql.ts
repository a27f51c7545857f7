import {
  type LabelOf,
  type MetricDefinition,
  type MetricName,
  type MetricOf,
  METRICS,
} from "../metrics/definitions.ts";

/** Where a query looks: what it has in common with all queries of a page. */
export interface View {
  /** Added to every selector, such as `instance=~"$instance"`. */
  readonly matchers: readonly string[];
  /** How far rates look back, such as `5m`. */
  readonly window: string;
}

/** The whole fleet, over the last five minutes. */
export const FLEET: View = { matchers: [], window: "5m" };

type Simple = Exclude<MetricName, MetricOf<"histogram">>;
type Counter = MetricOf<"counter">;
type Histogram = MetricOf<"histogram">;
type Known<Name extends MetricName, Label extends LabelOf<Name>> = (typeof METRICS)[Name]["labels"][Label &
  keyof (typeof METRICS)[Name]["labels"]] extends readonly (infer Value)[]
  ? [Value] extends [never]
    ? string
    : Value
  : never;

/** Which series of a metric: a value of a label, or one of several; a value that the metric never has does not compile. */
export type Picked<Name extends MetricName> = [LabelOf<Name>] extends [never]
  ? Readonly<Record<string, never>>
  : { readonly [Label in LabelOf<Name>]?: Known<Name, Label> | readonly Known<Name, Label>[] };

/** Labels with the value, or one of the values, that is wanted. */
export type Wanted = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A text as PromQL and Go have it in quotes. */
export function quoteText(text: string): string {
  return JSON.stringify(text).replaceAll("\u007f", "\\u007f");
}

function matcher([label, wanted]: readonly [string, string | readonly string[] | undefined]): string[] {
  if (wanted === undefined) return [];
  if (typeof wanted === "string") return [`${label}=${quoteText(wanted)}`];
  const escaped = wanted.map((value) => value.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&"));
  return [`${label}=~${quoteText(escaped.join("|"))}`];
}

/** A selector of series by the name that they have in Prometheus. */
export function select(view: View, name: string, picked: Wanted): string {
  const matchers = [...view.matchers, ...Object.entries(picked).flatMap(matcher)];
  return matchers.length === 0 ? name : `${name}{${matchers.join(",")}}`;
}

/** A metric as it is, one series for each of its label values. */
export function series<const Name extends Simple>(
  view: View,
  name: Name,
  picked: Picked<Name> = {} as Picked<Name>,
): string {
  return select(view, name, picked as Wanted);
}

/** A sum over all labels of a metric but those of `by` and those of the target, such as `instance`. */
export function sumBut(name: MetricName, by: readonly string[], of: string): string {
  const { labels }: MetricDefinition = METRICS[name];
  const dropped = Object.keys(labels).filter((label) => !by.includes(label));
  return dropped.length === 0 ? of : `sum without (${dropped.join(", ")}) (${of})`;
}

/** A metric, added up over its labels. */
export function total<const Name extends Simple>(
  view: View,
  name: Name,
  picked: Picked<Name> = {} as Picked<Name>,
): string {
  return sumBut(name, [], series(view, name, picked));
}

/** So many a second, added up over all labels but those of `by`. */
export function perSecond<const Name extends Counter>(
  view: View,
  name: Name,
  picked: Picked<Name> = {} as Picked<Name>,
  by: readonly LabelOf<Name>[] = [],
): string {
  return sumBut(name, by, `rate(${select(view, name, picked as Wanted)}[${view.window}])`);
}

/**
 * What was added in the window. Prometheus stretches what it saw between two scrapes to the whole window; what counts things
 * is whole, so that is rounded away.
 */
export function added<const Name extends Counter>(
  view: View,
  name: Name,
  picked: Picked<Name> = {} as Picked<Name>,
  by: readonly LabelOf<Name>[] = [],
): string {
  return sumBut(name, by, addedOf(name, select(view, name, picked as Wanted), view.window));
}

/** The increase of one counter, given with its matchers. */
export function addedOf(name: MetricName, selector: string, window: string): string {
  const { unit, type }: MetricDefinition = METRICS[name];
  const increase = `increase(${selector}[${window}])`;
  return unit === "" || type === "histogram" ? `round(${increase})` : increase;
}

/** The value below which the part `q` (0 to 1) of what a histogram observed in the window lies; 1 for the longest. */
export function quantile(view: View, q: number, name: Histogram): string {
  return `histogram_quantile(${q}, ${addedOf(name, select(view, `${name}_bucket`, {}), view.window)})`;
}

/** The mean of what a histogram observed in the window; absent when it observed nothing. */
export function mean(view: View, name: Histogram): string {
  return `${rateOf(view, name, "sum")} / (${rateOf(view, name, "count")} > 0)`;
}

/** How fast the sum or the count of a histogram grows. */
export function rateOf(view: View, name: Histogram, part: "sum" | "count"): string {
  return `rate(${select(view, `${name}_${part}`, {})}[${view.window}])`;
}

/** So many observations in the window that were at most `bound`, which is one of the metric's buckets. */
export function within(view: View, name: Histogram, bound: number): string {
  if (!METRICS[name].buckets.includes(bound)) throw new RangeError(`${name} has no bucket ${bound}`);
  // Prometheus 3 writes 300 as 300.0.
  const le = Number.isInteger(bound) ? [`${bound}`, `${bound}.0`] : `${bound}`;
  return `sum without (le) (${addedOf(name, select(view, `${name}_bucket`, { le }), view.window)})`;
}

/** So many observations in the window. */
export function observed(view: View, name: Histogram): string {
  return addedOf(name, select(view, `${name}_count`, {}), view.window);
}

/** A part of a whole, in percent; absent while the whole is nothing. */
export function percent(part: string, whole: string): string {
  return `100 * ${part} / (${whole} > 0)`;
}

/** The same view over another window. */
export function over(view: View, window: string): View {
  return { ...view, window };
}
