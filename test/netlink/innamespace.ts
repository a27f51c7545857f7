import { kernelSource, type LinkSource } from "../../src/rtnetlink/source.ts";
import { inNamespace } from "../support/innamespace.ts";
import { canUseNamespaces, type Namespace } from "../support/namespace.ts";
import { all, needsRoot } from "../support/requirement.ts";

/** That sockets can be opened in a network namespace of another process: CAP_SYS_ADMIN over both. */
export const ableToEnter = all(canUseNamespaces(), needsRoot());

/** The kernel's links of a namespace. */
export function kernelSourceIn(namespace: Namespace): LinkSource {
  const kernel = kernelSource();
  return {
    subscribe: (...options) => inNamespace(namespace, () => kernel.subscribe(...options)),
    openRequest: () => inNamespace(namespace, () => kernel.openRequest()),
    ended: undefined,
  };
}
