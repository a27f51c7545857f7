import { isIP } from "node:net";

import { isLoopback } from "../config/socketaddress.ts";

/**
 * Whether a request may come under this Host header. On a loopback address only names that nobody else can make point
 * there: a page of another site whose name is suddenly that of this machine (DNS rebinding) would read the answers.
 * Elsewhere the names of this machine are not known, so any will do.
 */
export function isHostAllowed(host: string, localAddress: string): boolean {
  const name = hostName(host);
  if (name === undefined) return false;
  if (!isLoopback(localAddress)) return true;
  return name === "localhost" || (isIP(name) !== 0 && isLoopback(name));
}

/** The name or address of a Host header, without port and brackets; undefined for what is none. */
function hostName(host: string): string | undefined {
  const [, v6, name] = /^(?:\[([\da-f:.]+)\]|([\w.-]{1,253}))(?::\d{1,5})?$/i.exec(host) ?? [];
  if (v6 !== undefined) return isIP(v6) === 6 ? v6 : undefined;
  return name?.toLowerCase();
}
