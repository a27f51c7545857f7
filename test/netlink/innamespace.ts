import { closeSync, openSync } from "node:fs";

import { enterNetworkNamespace } from "../../ffi/libc.ts";
import { kernelSource, type LinkSource } from "../../src/rtnetlink/source.ts";
import { canUseNamespaces, type Namespace } from "../support/namespace.ts";
import { all, needsRoot } from "../support/requirement.ts";

/** That sockets can be opened in a network namespace of another process: CAP_SYS_ADMIN over both. */
export const ableToEnter = all(canUseNamespaces(), needsRoot());

/** Calls `open` in a namespace; the sockets that it makes stay there. */
export function inNamespace<T>(namespace: Namespace, open: () => T): T {
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

/** The kernel's links of a namespace. */
export function kernelSourceIn(namespace: Namespace): LinkSource {
  const kernel = kernelSource();
  return {
    subscribe: (...options) => inNamespace(namespace, () => kernel.subscribe(...options)),
    openRequest: () => inNamespace(namespace, () => kernel.openRequest()),
    ended: undefined,
  };
}
