import { decodeName } from "../util/ifname.ts";

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
const BEYOND_ASCII = /[\x80-\xff]/g;

/**
 * A port's name as the value of a label, which has to be UTF-8: where the bytes are not, those beyond ASCII become `/xNN`.
 * Two names never become the same, since no name has a slash: of two series with the same labels Prometheus takes none at all.
 */
export function portLabel(name: string): string {
  const text = decodeName(name);
  return text === name ? name.replace(BEYOND_ASCII, (byte) => `/x${byte.charCodeAt(0).toString(16)}`) : text;
}

/** The same as it stands between the quotes of the text format. */
export function portLabelText(name: string): string {
  if (PLAIN.test(name)) return name;
  return portLabel(name).replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}
