/** Set to anything, makes faults last as long as they may on a switch: minutes instead of seconds. */
export const LONG = (process.env["PORTSYNCD_LONG_FAULTS"] ?? "") !== "";

/** What `npm test` has time for, or what the flag asks for. */
export function longOr<Value>(long: Value, short: Value): Value {
  return LONG ? long : short;
}
