import { getLog } from "../log/logger.ts";
import { type Database, isWrongType } from "../swss/database.ts";
import {
  CONFIG_DB,
  type DatabaseName,
  PORT_CONFIG_DONE,
  PORT_INIT_DONE,
  STATE_DB,
  SWITCH_TYPE_DPU,
} from "../swss/schema.ts";
import { decideWarmStart, writeRestoreCount } from "../swss/warmstart.ts";
import { readSwitchType } from "./portconfig.ts";

/** How this process starts: as SONiC decides between cold and warm, alone on a running switch, or without SONiC. */
export type StartName = "cold" | "warm" | "adopt" | "standalone" | "once";

/** What a start does. */
export interface StartKind {
  readonly name: StartName;
  /** CONFIG_DB's ports are handed to orchagent, and ports that it has already are not waited for (rules 7, 8a). */
  readonly pushPorts: boolean;
  /** Netdevs that are there already are old (rule 8c). */
  readonly ignoreOld: boolean;
  /** What was written as restore_count; 0 for all but warm starts. */
  readonly restoreCount: number;
}

/** What decides a start on a switch. */
export interface StartFacts {
  /** `adopt`: on a switch that runs, a cold start takes the netdevs over instead of bringing them down. */
  readonly restart: "contract" | "adopt";
  /** True when orchagent has taken the row of APPL_DB PORT_TABLE. */
  readonly isConsumed: (key: string) => boolean;
}

const log = getLog("start");

/** A start without orchagent, or one that only publishes what is there. */
export function plainStart(name: "standalone" | "once"): StartKind {
  return { name, pushPorts: false, ignoreOld: false, restoreCount: 0 };
}

/** Decides how to start on a switch (rules 4, 42; contract section 9 for `adopt`). Throws ReplyError, DatabaseLostError. */
export async function decideStart(
  get: (name: DatabaseName) => Database,
  { restart, isConsumed }: StartFacts,
): Promise<StartKind> {
  const switchType = await readSwitchType(get(CONFIG_DB));
  const { warm, restoreCount, warnings } = await decideWarmStart(get(STATE_DB));
  for (const warning of warnings) log.warn("{warning}", { warning });
  if (warm) {
    log.notice("portsyncd doing warm start, restore count {restoreCount}", { restoreCount });
    return { name: "warm", pushPorts: false, ignoreOld: false, restoreCount };
  }
  if (restart === "adopt" && isConsumed(PORT_CONFIG_DONE) && isConsumed(PORT_INIT_DONE)) {
    log.notice("the switch runs already: its ports are adopted");
    return { name: "adopt", pushPorts: false, ignoreOld: false, restoreCount };
  }
  return { name: "cold", pushPorts: true, ignoreOld: switchType !== SWITCH_TYPE_DPU, restoreCount };
}

/** Writes the start's restore_count (rule 42); a key of the wrong type is told and left. Throws ReplyError, DatabaseLostError. */
export async function countStart(get: (name: DatabaseName) => Database, kind: StartKind): Promise<void> {
  try {
    await writeRestoreCount(get(STATE_DB), kind.restoreCount);
  } catch (error) {
    if (!isWrongType(error)) throw error;
    log.error("the restore count cannot be written: {error}", { error: error.message });
  }
}
