import { readFileSync } from "node:fs";

import { NETLINK_ROUTE } from "../../ffi/linux/netlink.ts";
import type { Namespace } from "../support/namespace.ts";

/** The NETLINK_ROUTE sockets that are open in a namespace: their ports, and the groups that they are in. */
export function routeSockets(namespace: Namespace): { readonly port: number; readonly groups: number }[] {
  const pid = namespace.path.split("/")[2]!;
  const rows = readFileSync(`/proc/${pid}/net/netlink`, "utf8").trim().split("\n").slice(1);
  const fields = rows.map((row) => row.trim().split(/\s+/));
  return fields
    .filter(([, protocol]) => Number(protocol) === NETLINK_ROUTE)
    .map(([, , port, groups]) => ({ port: Number(port), groups: Number(`0x${groups}`) }));
}
