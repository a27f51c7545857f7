import {
  ADMIN_STATUS,
  APPL_DB,
  CONFIG_DB,
  type DatabaseName,
  PORT_CONFIG_DONE,
  PORT_INIT_DONE,
  STATE_DB,
} from "../../src/swss/schema.ts";
import { kindOf } from "./names.ts";
import type { Oracle } from "./oracle.ts";
import type { Random } from "./random.ts";
import type { Settings } from "./scenario.ts";
import { Server } from "./server.ts";
import type { Site } from "./site.ts";

const DATABASES = [APPL_DB, CONFIG_DB, STATE_DB] as const;
const OLD_ROW = ["state", "ok", "netdev_oper_status", "up", "admin_status", "up", "mtu", "1234"];

/** The servers of the databases: one to three. */
export function makeServers(settings: Settings, onPublish: () => void): Map<DatabaseName, Server> {
  const { layout, notifies, tellsConfig } = settings;
  const servers = new Map<DatabaseName, Server>();
  for (const number of new Set(layout)) {
    const names = DATABASES.filter((_, i) => layout[i] === number);
    const server = new Server(names, notifies, onPublish);
    server.tellsConfig = tellsConfig;
    for (const name of names) servers.set(name, server);
  }
  return servers;
}

/** Makes what is there before the first process starts: rows and netdevs. */
export function equip(world: Site, random: Random): void {
  const { switchType, ports, rows, published, netdevs, extraNetdevs, warm } = world.plan.settings;
  const run = (database: DatabaseName, ...command: string[]) => world.keyspace(database).run(command);
  run(CONFIG_DB, "HSET", "DEVICE_METADATA|localhost", "switch_type", switchType);
  for (const port of ports) run(CONFIG_DB, "HSET", `PORT|${port}`, "lanes", "0", ADMIN_STATUS, "up");
  for (const row of rows) run(APPL_DB, "HSET", `PORT_TABLE:${row}`, "lanes", "0", ADMIN_STATUS, "up");
  const wasDone = rows.length > 2 && published.length > 2;
  if (wasDone)
    for (const key of [PORT_CONFIG_DONE, PORT_INIT_DONE]) run(APPL_DB, "HSET", `PORT_TABLE:${key}`, "x", "0");
  for (const port of published) run(STATE_DB, "HSET", `PORT_TABLE|${port}`, ...OLD_ROW);
  for (const name of netdevs) {
    const netdev = world.kernel.add(name, kindOf(name))!;
    Object.assign(netdev, { up: random.chance(0.7), carrier: random.chance(0.6) });
  }
  for (let i = 0; i < extraNetdevs; i++) world.kernel.add(`veth${i}`, "veth");
  if (!warm) return;
  run(STATE_DB, "HSET", "WARM_RESTART_ENABLE_TABLE|swss", "enable", "true");
  run(STATE_DB, "HSET", "WARM_RESTART_TABLE|portsyncd", "restore_count", "3");
}

/** Where ports are made anew. */
export interface RenewalSite extends Site {
  readonly oracle: Oracle;
}

/** Gives the ports of CONFIG_DB rows and netdevs that are of this start, as orchagent does when nothing is in its way. */
export function renewPorts(world: RenewalSite, random: Random): void {
  const { creates, ports, mode } = world.plan.settings;
  if (!creates || mode === "standalone") return;
  const rows = world.keyspace(APPL_DB);
  for (const port of ports) {
    if (rows.hash(`PORT_TABLE:${port}`).size === 0) rows.run(["HSET", `PORT_TABLE:${port}`, "lanes", "0"]);
    world.scheduler.after(random.between(12_000, 13_000), () => renew(world, port));
  }
}

function renew({ kernel, oracle }: RenewalSite, port: string): void {
  const netdev = kernel.find(port);
  if (netdev && !oracle.record.old.has(netdev)) return;
  if (netdev) kernel.delete(netdev);
  const again = kernel.add(port, kindOf(port))!;
  kernel.change(again, { up: true, carrier: true });
}
