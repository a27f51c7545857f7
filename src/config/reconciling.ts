import type { ReconcilerOptions } from "../port/reconcileroptions.ts";
import type { Config } from "./schema.ts";

/** What a configuration says of the reconciler; the budget of a turn is read anew in each, so it is the caller's to change. */
export function reconcilerOptions(
  { mode, restart, netlink, audit, standalone }: Config,
  others: Pick<ReconcilerOptions, "once" | "budget" | "eoiuMs">,
): ReconcilerOptions {
  const globs = standalone.port_patterns.map((pattern) => new Bun.Glob(pattern));
  return {
    ...others,
    mode,
    restart,
    matchesPattern: (name) => globs.some((glob) => glob.match(Buffer.from(name, "latin1").toString())),
    receiveBufferBytes: netlink.receive_buffer_bytes,
    auditMs: audit.interval_secs * 1000,
  };
}
