import { getLog } from "../log/logger.ts";
import { type Database, isWrongType, type Reply, ReplyError } from "../swss/database.ts";
import { ProducerStateTable } from "../swss/producerstatetable.ts";
import { expectServed } from "../swss/reply.ts";
import {
  ADMIN_STATUS,
  APP_PORT_TABLE,
  CFG_DEVICE_METADATA_TABLE,
  CFG_PORT_TABLE,
  DEVICE_METADATA_LOCALHOST,
  PORT_CONFIG_DONE,
  PORT_CONFIG_DONE_COUNT,
  PORT_INIT_DONE,
  PORT_INIT_DONE_LANES,
  SWITCH_TYPE,
} from "../swss/schema.ts";
import { type Row, Table } from "../swss/table.ts";
import { decodeName } from "../util/ifname.ts";

const log = getLog("portconfig");

/** The ports of CONFIG_DB with their rows, in the order Redis has them. */
export type PortConfig = ReadonlyMap<string, Row>;

/** The switch_type of this switch, `switch` where CONFIG_DB does not say (rule 4). Throws DatabaseLostError. */
export async function readSwitchType(config: Database): Promise<string> {
  const table = new Table(config, CFG_DEVICE_METADATA_TABLE);
  try {
    return (await table.hget(DEVICE_METADATA_LOCALHOST, SWITCH_TYPE)) ?? "switch";
  } catch (error) {
    if (!isWrongType(error)) throw error;
    log.error("{key} is skipped: {error}", { key: table.key(DEVICE_METADATA_LOCALHOST), error: error.message });
    return "switch";
  }
}

/**
 * Reads the ports of CONFIG_DB (rule 7). What is no row of a port is logged and skipped.
 * `PORT|` is a port without a name, whose row is looked for under `PORT` (rule 30, contract section 9). Throws DatabaseLostError.
 */
export async function readPortConfig(config: Database): Promise<PortConfig> {
  const table = new Table(config, CFG_PORT_TABLE);
  const keys = await table.keys();
  const rows = await table.rows(keys);
  const ports = new Map<string, Row>();
  for (const [i, key] of keys.entries()) {
    const row = rows[i]!;
    if (isPort(table, key, row instanceof ReplyError ? row : row.size)) ports.set(key, row as Row);
  }
  return ports;
}

/** The names of the ports that readPortConfig() reads, without their rows. Throws DatabaseLostError. */
export async function readPortNames(config: Database): Promise<Set<string>> {
  const table = new Table(config, CFG_PORT_TABLE);
  const keys = await table.keys();
  const sizes = await config.batch(keys.map((key) => ["HLEN", table.key(key)]));
  return new Set(keys.filter((key, i) => isPort(table, key, sizes[i]!)));
}

/** Whether a row of so many fields is that of a port; logs what is wrong with one that is not. Throws ReplyError. */
function isPort(table: Table, key: string, size: Reply | ReplyError): boolean {
  if (size instanceof ReplyError && !isWrongType(size)) throw size;
  const wrong =
    size instanceof ReplyError
      ? size.message
      : size === 0 && key !== ""
        ? "the row is gone"
        : key.includes("\0")
          ? "the name has a NUL"
          : undefined;
  if (wrong !== undefined) log.error("{key} is skipped: {error}", { key: decodeName(table.key(key)), error: wrong });
  return wrong === undefined;
}

/** Those of the ports whose row in APPL_DB has an admin_status (rule 8a). Throws ReplyError, DatabaseLostError. */
export async function readConsumed(appl: Database, ports: readonly string[]): Promise<Set<string>> {
  const table = new Table(appl, APP_PORT_TABLE);
  const replies = await appl.batch(ports.map((name) => ["HEXISTS", table.key(name), ADMIN_STATUS]));
  expectServed(replies);
  return new Set(ports.filter((_, i) => replies[i] === 1));
}

/** Hands the ports to orchagent, then PortConfigDone when all have arrived (rules 7, 33). Throws ReplyError, DatabaseLostError. */
export async function pushPortConfig(appl: Database, ports: PortConfig): Promise<void> {
  if (ports.size === 0) {
    log.notice("ConfigDB does not have port information, however ports can be added later on, continuing...");
  }
  const producer = new ProducerStateTable(appl, APP_PORT_TABLE);
  const failed = await producer.set([...ports].map(([key, fields]) => ({ key, fields })));
  for (const [port, error] of failed) {
    if (!isWrongType(error)) throw error; // all rows have to arrive before PortConfigDone; those that did may come again
    log.error("APPL_DB refused {port}: {error}", { port: decodeName(port), error: error.message });
  }
  await pushOne(producer, PORT_CONFIG_DONE, { [PORT_CONFIG_DONE_COUNT]: String(ports.size) });
  log.notice("PortConfigDone, count {count}", { count: ports.size });
}

/** Tells the switch that all ports are there (rule 21). Throws ReplyError, DatabaseLostError. */
export async function pushPortInitDone(appl: Database): Promise<void> {
  await pushOne(new ProducerStateTable(appl, APP_PORT_TABLE), PORT_INIT_DONE, { [PORT_INIT_DONE_LANES]: "0" });
}

async function pushOne(producer: ProducerStateTable, key: string, fields: Record<string, string>): Promise<void> {
  const failed = await producer.set([{ key, fields: Object.entries(fields) }]);
  const error = failed.get(key);
  if (error) throw error;
}
