import { portRow } from "../support/portrow.ts";
import type { Fault } from "./fault.ts";
import type { World } from "./world.ts";

/** What no port has; all four fields, as of a row that only portsyncd writes. */
const WRONG_ROW = portRow({ admin: "down", oper: "down", mtu: 1 });

const edited: Fault = {
  name: "others edit rows of STATE_DB",
  kind: "server",
  async begin({ box, ports }, random) {
    for (const port of random.some(ports, 0.2)) await box.db.state.hset(`PORT_TABLE|${port}`, WRONG_ROW);
  },
};

const deleted: Fault = {
  name: "others delete rows of STATE_DB",
  kind: "server",
  async begin({ box, ports }, random) {
    for (const port of random.some(ports, 0.2)) await box.db.state.del(`PORT_TABLE|${port}`);
  },
};

const flushed: Fault = {
  name: "others flush everything and fill CONFIG_DB and APPL_DB again",
  kind: "server",
  possible: (world) => world.hasStarted,
  async begin(world) {
    await world.box.db.state.call("FLUSHALL");
    await world.refill();
    await world.staleness.connect(); // Redis tells of no row that a flush took
  },
};

const wrongTypes: Fault = {
  name: "rows of STATE_DB are no hashes",
  kind: "server",
  async begin({ box, ports }, random) {
    for (const port of random.some(ports, 0.1)) {
      await box.db.state.del(`PORT_TABLE|${port}`);
      await box.db.state.call("SET", `PORT_TABLE|${port}`, "no hash");
    }
  },
  async end({ box, ports }) {
    for (const port of ports) {
      const type = await box.db.state.call("TYPE", `PORT_TABLE|${port}`);
      if (type === "string") await box.db.state.del(`PORT_TABLE|${port}`);
    }
  },
};

const notAdmitted: Fault = {
  name: "rows of APPL_DB are gone",
  kind: "server",
  async begin({ box, ports }, random) {
    for (const port of random.some(ports, 0.3)) await box.db.appl.del(`PORT_TABLE:${port}`);
  },
  end: (world: World) => world.refill(),
};

const forgetsScripts: Fault = {
  name: "Redis forgets its scripts",
  kind: "server",
  async begin({ box }) {
    await box.db.appl.call("SCRIPT", "FLUSH");
  },
};

/** What others on the switch do to the databases. */
export const ROW_FAULTS: readonly Fault[] = [edited, deleted, flushed, wrongTypes, notAdmitted, forgetsScripts];
