import { decodeName } from "../util/ifname.ts";

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** A port's name, as it is shown, between the quotes of the text format. */
export function portLabelText(name: string): string {
  if (PLAIN.test(name)) return name;
  return decodeName(name).replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}
