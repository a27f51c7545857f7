/** What the value of a rule counts. A rate is so many of a unit in a second. */
export const UNITS = ["", "percent", "seconds", "bytes", "points"] as const;

/** One of the units. */
export type Unit = (typeof UNITS)[number];

/** Three significant digits, and no fraction where the number is whole or large. */
function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return Math.round(value).toString();
  return Number(value.toPrecision(3)).toString();
}

/** A time of at least 0 seconds: `350 us`, `12.5 ms`, `31.2 s`, `5 min`, `1.5 h`. */
export function formatDuration(seconds: number): string {
  if (seconds >= 3600) return `${formatNumber(seconds / 3600)} h`;
  if (seconds >= 120 && seconds % 60 === 0) return `${seconds / 60} min`;
  if (seconds >= 1 || seconds === 0) return `${formatNumber(seconds)} s`;
  if (seconds >= 0.001) return `${formatNumber(seconds * 1e3)} ms`;
  return `${formatNumber(seconds * 1e6)} us`;
}

function formatBytes(bytes: number): string {
  const size = Math.abs(bytes);
  if (size >= 1_048_576) return `${formatNumber(bytes / 1_048_576)} MiB`;
  return size >= 1024 ? `${formatNumber(bytes / 1024)} KiB` : `${formatNumber(bytes)} B`;
}

function formatPlain(value: number, unit: Unit): string {
  if (unit === "percent") return `${formatNumber(value)} %`;
  if (unit === "seconds") return value < 0 ? `-${formatDuration(-value)}` : formatDuration(value);
  if (unit === "bytes") return formatBytes(value);
  return unit === "points" ? `${formatNumber(value)} points` : formatNumber(value);
}

/** A value with its unit, for people; `no data` for none. */
export function formatQuantity(value: number | undefined, unit: Unit, perSecond = false): string {
  if (value === undefined) return "no data";
  return perSecond ? `${formatPlain(value, unit)}/s` : formatPlain(value, unit);
}
