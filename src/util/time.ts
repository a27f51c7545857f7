/** Milliseconds since 1970 as ISO 8601; a clock that was far off may have said what is no date, which is printed as the number. */
export function formatTime(wallMs: number): string {
  const time = new Date(wallMs);
  return Number.isNaN(time.getTime()) ? String(wallMs) : time.toISOString();
}
