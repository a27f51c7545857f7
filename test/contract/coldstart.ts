import type { Daemon, DaemonOptions } from "../support/daemon.ts";
import type { Switch } from "../support/switch.ts";

/** The arguments with which the daemon's log is one JSON object a line on stderr. */
export const JSON_LOG = ["--log-format", "json"] as const;

type Options = Partial<Omit<DaemonOptions, "args">> & { readonly args?: readonly string[] };

/** A cold start up to PortConfigDone; from here on a new netdev is not old. A daemon that does not get there is ended. */
export async function startCold(box: Switch, options: Options = {}): Promise<Daemon> {
  using recorder = await box.db.record("APPL_DB", "_PORT_TABLE:PortConfigDone");
  const daemon = await start(box, options);
  try {
    await recorder.waitFor("PortConfigDone", ({ event }) => event === "hset");
    return daemon;
  } catch (error) {
    await daemon[Symbol.asyncDispose]();
    const last = daemon.lines.slice(-10).join("\n");
    throw new Error(`${(error as Error).message}; the daemon's last lines:\n${last}`, { cause: error });
  }
}

/** A cold start whose ports orchagent has popped: they may be published. */
export async function startRunning(box: Switch, ports: readonly string[], options: Options = {}): Promise<Daemon> {
  await box.configure(ports, { admin_status: undefined });
  const daemon = await startCold(box, options);
  await box.pop();
  return daemon;
}

/** A start of whatever kind; does not wait for anything. */
export function start(box: Switch, options: Options = {}): Promise<Daemon> {
  return box.start({ ...options, args: [...JSON_LOG, ...(options.args ?? [])] });
}
