import type { Reply } from "../../src/swss/database.ts";

/** A command with its arguments. */
export type Command = readonly string[];

/** What the keys of ports begin with in the three databases. */
export const STATE_PREFIX = "PORT_TABLE|";
export const APPL_PREFIX = "PORT_TABLE:";
export const CONFIG_PREFIX = "PORT|";

/** True for the name of a front panel port, of which there may be old netdevs (rule 8c). */
export function isFrontPanel(name: string): boolean {
  return name.startsWith("Ethernet");
}

/** True for what changes the row of a port in STATE_DB. */
export function isPortWrite([verb, key]: Command): boolean {
  return (verb === "HSET" || verb === "DEL") && !!key?.startsWith(STATE_PREFIX);
}

/** True for a look at one row of APPL_DB. */
export function isLook(commands: readonly Command[]): boolean {
  return commands.length === 1 && commands[0]![0] === "HLEN";
}

/** True for the answer to HMGET that has no field. */
export function isEmpty(reply: Reply): boolean {
  return Array.isArray(reply) && reply.every((value) => value === null);
}

/** True for the answer to HMGET that has all fields. */
export function isWhole(reply: Reply): boolean {
  return Array.isArray(reply) && reply.every((value) => value !== null);
}

/** True for a row that is handed to orchagent. */
export function isPush([verb]: Command): boolean {
  return verb === "EVAL" || verb === "EVALSHA";
}
