import { PORT_FIELDS } from "../../src/port/state.ts";
import { APPL_DB, STATE_DB } from "../../src/swss/schema.ts";
import { NAMES } from "./names.ts";
import type { ProcessRecord } from "./record.ts";
import { stateText } from "./record.ts";
import type { Site } from "./site.ts";

const UNIVERSE = [...new Set<string>([...NAMES, "swap"])];

/** What is compared. */
export interface ConvergenceSite extends Site {
  /** True when leftovers are looked for. */
  mayCollect(): boolean;
}

/** What is not yet as it should be once nothing is disturbed any more; undefined when all is. */
export function findDifference(world: ConvergenceSite, record: ProcessRecord): string | undefined {
  if (!record.kind) return "the process has not started";
  for (const name of UNIVERSE) {
    const difference = differenceOf(world, record, name);
    if (difference) return difference;
  }
  return initDoneDifference(world, record);
}

function differenceOf(world: ConvergenceSite, record: ProcessRecord, name: string): string | undefined {
  const row = world.keyspace(STATE_DB).hash(`PORT_TABLE|${name}`);
  const ours = PORT_FIELDS.filter((field) => row.has(field));
  const text = PORT_FIELDS.map((field) => row.get(field)).join(" ");
  const netdev = world.kernel.find(name);
  const age = netdev && record.old.get(netdev);
  if (netdev && netdev.kind !== "team" && age !== "sure" && world.isPort(name)) {
    const isAdmitted =
      world.plan.settings.mode === "standalone" || world.keyspace(APPL_DB).hash(`PORT_TABLE:${name}`).size > 0;
    if (age === "perhaps" || !isAdmitted) return undefined;
    return text === stateText(netdev)
      ? undefined
      : `${name} is ${text} in STATE_DB and ${stateText(netdev)} in the kernel`;
  }
  if (ours.length === 0) return undefined;
  if (record.ownRows.has(name)) return `${name} is ${text} in STATE_DB, but no port any more`;
  const isLeftover = !netdev && !name.includes(".") && world.isPort(name) && isWhole(text);
  if (!world.plan.settings.audited || !isLeftover) return undefined;
  return world.mayCollect() ? `${name} is ${text} in STATE_DB, a leftover` : undefined;
}

/** True for a row as this daemon writes it. */
function isWhole(text: string): boolean {
  return /^ok (up|down) (up|down) \d+$/.test(text);
}

/** PortInitDone is due when every port of CONFIG_DB was acknowledged. */
function initDoneDifference(world: ConvergenceSite, record: ProcessRecord): string | undefined {
  if (world.plan.settings.mode === "standalone" || record.initDone === "done") return undefined;
  const isCold = record.kind!.name === "cold";
  for (const port of record.configPorts) {
    if (!record.acknowledged.has(port) && !(isCold && record.consumed.has(port))) return undefined;
  }
  return "PortInitDone was not sent";
}
