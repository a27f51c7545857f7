import { all, needsCommands, needsRoot, type Requirement } from "../support/requirement.ts";

/** The words that run a command as a user without any privilege. */
export const UNPRIVILEGED: readonly string[] =
  "setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all".split(" ");

/** Whether UNPRIVILEGED works: the root of a user namespace has no other user to become. */
export function canDropPrivileges(): Requirement {
  const able = all(needsRoot(), needsCommands("setpriv"));
  if (!able.ok) return able;
  const { exitCode, stderr } = Bun.spawnSync([...UNPRIVILEGED, "true"], { stderr: "pipe" });
  return exitCode === 0 ? able : { ok: false, reason: stderr.toString().trim() };
}
