/** Milliseconds since 1970 as ISO 8601; what no calendar has, as a clock that was far off may have said it, is null. */
export function toTimeOrNull(wallMs: number | undefined): string | null {
  const time = new Date(wallMs ?? NaN);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}

/** As toTimeOrNull(), of a time that this process took. */
export function toTime(wallMs: number): string {
  return toTimeOrNull(wallMs) ?? new Date(0).toISOString();
}
