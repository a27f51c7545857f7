const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Units of time, the largest first, with how many seconds they are. */
const TIMES = [
  ["d", DAY],
  ["h", HOUR],
  ["min", MINUTE],
  ["s", 1],
  ["ms", 1e-3],
  ["us", 1e-6],
] as const;

/** A number rounded to so many digits that count, without zeros after them. */
export function formatNumber(value: number, digits = 3): string {
  return String(Number(value.toPrecision(digits)));
}

/** A time span in the largest unit of which it has one: `3.2 us`, `5 h`. */
export function formatSeconds(seconds: number, digits = 3): string {
  if (seconds === 0) return "0 s";
  // What is rounded up to a larger unit is told in that.
  const isLargeEnough = (size: number): boolean => Number((Math.abs(seconds) / size).toPrecision(digits)) >= 1;
  const [unit, size] = TIMES.find((time) => isLargeEnough(time[1])) ?? TIMES.at(-1)!;
  return `${formatNumber(seconds / size, digits)} ${unit}`;
}

/** A value with its unit. */
export function formatQuantity(value: number, unit: string, digits = 3): string {
  return unit === "seconds" ? formatSeconds(value, digits) : `${formatNumber(value, digits)} ${unit}`;
}

/** A confidence, 0 to 1, in percent; rounded down, for nothing is sure. */
export function formatConfidence(confidence: number): string {
  const perMille = Math.floor(confidence * 1000);
  if (perMille >= 999) return "over 99.9 % sure";
  return `${perMille >= 990 ? perMille / 10 : Math.floor(perMille / 10)} % sure`;
}

/** A unit of time and its length. */
export interface Pace {
  readonly name: "minute" | "hour" | "day";
  readonly seconds: number;
}

/** The unit of time in which a change is told that was seen over so many seconds. */
export function paceOf(spanSeconds: number): Pace {
  if (spanSeconds >= 2 * DAY) return { name: "day", seconds: DAY };
  return spanSeconds >= 10 * MINUTE ? { name: "hour", seconds: HOUR } : { name: "minute", seconds: MINUTE };
}
