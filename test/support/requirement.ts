/** Whether something that a test needs is there, and if not, why. */
export type Requirement = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Met when every one is; otherwise the first reason. */
export function all(...requirements: readonly Requirement[]): Requirement {
  return requirements.find((requirement) => !requirement.ok) ?? { ok: true };
}

/** That these commands are on the PATH. */
export function needsCommands(...names: readonly string[]): Requirement {
  const missing = names.filter((name) => Bun.which(name) === null);
  return missing.length === 0 ? { ok: true } : { ok: false, reason: `not installed: ${missing.join(", ")}` };
}

/** That this runs as root, possibly as the root of a user namespace. */
export function needsRoot(): Requirement {
  return process.getuid?.() === 0 ? { ok: true } : { ok: false, reason: "needs root" };
}
