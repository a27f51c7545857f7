/** How far apart two numbers may be that count as equal. */
export const EQUALS_WITHIN = 0.001;

/** What a value is compared with. */
export type Comparison =
  | { readonly kind: "above"; readonly threshold: number }
  | { readonly kind: "below"; readonly threshold: number }
  /** Both ends belong to it. */
  | { readonly kind: "between"; readonly low: number; readonly high: number }
  | { readonly kind: "equals"; readonly threshold: number };

/** A value that rises faster than so much in a second, on average over the window. */
export interface RateOfChange {
  readonly kind: "rateOfChange";
  readonly perSecond: number;
  readonly windowSeconds: number;
}

/** When a rule is met. */
export type Condition = Comparison | RateOfChange;

/** Whether a value meets the condition; for rateOfChange the value is the rate. A value that is absent never does. */
export function isMet(condition: Condition, value: number | undefined): boolean {
  if (value === undefined) return false;
  switch (condition.kind) {
    case "above":
      return value > condition.threshold;
    case "below":
      return value < condition.threshold;
    case "between":
      return value >= condition.low && value <= condition.high;
    case "equals":
      return Math.abs(value - condition.threshold) <= EQUALS_WITHIN;
    case "rateOfChange":
      return value > condition.perSecond;
  }
}
