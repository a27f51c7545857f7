import { readlinkSync } from "node:fs";

import { canUseNamespaces, unshareCommand } from "./namespace.ts";
import type { Requirement } from "./requirement.ts";

/** Names the network namespace that was left; where it is not the present one, the present one is private. */
const OUTER = "PORTSYNCD_OUTER_NETWORK";

function network(): string {
  return readlinkSync("/proc/self/ns/net");
}

/**
 * Starts this program anew, in place, in a network namespace of its own; there it returns at once.
 * Where that is not possible it returns the reason. To be called before anything else.
 */
export function enterPrivateNetwork(): Requirement {
  const able = canUseNamespaces();
  if (!able.ok) return able;
  const outer = process.env[OUTER];
  if (outer !== undefined && outer !== network()) return able;
  if (outer !== undefined) throw new Error("unshare(1) did not make a network namespace");
  const [unshare, ...options] = unshareCommand();
  const words = [unshare!, ...options, process.execPath, ...process.execArgv, Bun.main, ...process.argv.slice(2)];
  process.execve!(Bun.which(unshare!)!, words, { ...process.env, [OUTER]: network() });
  throw new Error("execve(2) returned");
}
