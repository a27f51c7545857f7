import { closeSync, openSync } from "node:fs";

import { enterNetworkNamespace } from "../../ffi/libc.ts";
import { Namespace } from "./namespace.ts";

/** Calls `open` in a namespace; the sockets that it makes stay there. Needs CAP_SYS_ADMIN over it, unless it is the current one. */
export function inNamespace<T>(namespace: Namespace, open: () => T): T {
  if (namespace === Namespace.current) return open();
  const home = openSync("/proc/self/ns/net", "r");
  try {
    enterNetworkNamespace(namespace.path);
    try {
      return open();
    } finally {
      enterNetworkNamespace(`/proc/self/fd/${home}`);
    }
  } finally {
    closeSync(home);
  }
}
