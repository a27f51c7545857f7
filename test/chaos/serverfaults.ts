import { rmSync } from "node:fs";
import { join } from "node:path";

import { LoadingRedis } from "../faults/loadingredis.ts";
import type { Fault } from "./fault.ts";
import type { World } from "./world.ts";

/** Runs a command that configures the server. */
function configure(...words: readonly string[]): (world: World) => Promise<void> {
  return async ({ box }) => {
    await box.db.state.call(...words);
  };
}

const killed: Fault = {
  name: "Redis is killed",
  kind: "server",
  // A daemon that finds an empty APPL_DB when it starts is right to take the switch for one that starts, too.
  possible: (world) => world.hasStarted && world.runs,
  async begin(world) {
    world.isEmpty = true;
    await world.server.kill();
  },
  async end(world) {
    await world.server.start();
    await world.reconnect();
    await world.refill();
    world.isEmpty = false;
  },
};

const loading = new WeakMap<World, LoadingRedis>();

const loads: Fault = {
  name: "Redis loads its data",
  kind: "server",
  async begin(world) {
    await world.box.db.state.call("SAVE");
    await world.server.kill();
    loading.set(world, await LoadingRedis.start(world.server));
  },
  async end(world) {
    await loading.get(world)![Symbol.asyncDispose]();
    await world.server.start();
    rmSync(join(world.server.directory, "dump.rdb"));
    await world.reconnect();
  },
};

const stopped: Fault = {
  name: "Redis is stopped",
  kind: "server",
  begin: ({ server }) => server.freeze(),
  async end({ server }) {
    server.thaw();
  },
};

const readOnly: Fault = {
  name: "Redis is a read-only replica",
  kind: "server",
  begin: configure("REPLICAOF", "127.0.0.1", "1"),
  end: configure("REPLICAOF", "NO", "ONE"),
};

const outOfMemory: Fault = {
  name: "Redis has no memory",
  kind: "server",
  begin: configure("CONFIG", "SET", "maxmemory", "1"),
  end: configure("CONFIG", "SET", "maxmemory", "0"),
};

const wantsPassword: Fault = {
  name: "Redis wants a password",
  kind: "server",
  async begin(world) {
    await configure("CONFIG", "SET", "requirepass", "secret")(world);
    world.proxy.reset();
  },
  end: configure("CONFIG", "SET", "requirepass", ""),
};

const silent: Fault = {
  name: "Redis does not tell of changes in APPL_DB",
  kind: "server",
  // Of STATE_DB, where the observer listens, it does not tell either; so this lasts for a moment only.
  async begin(world) {
    await configure("CONFIG", "SET", "notify-keyspace-events", "")(world);
    world.proxy.reset();
  },
  async end(world) {
    await configure("CONFIG", "SET", "notify-keyspace-events", "AKE")(world);
    await world.staleness.connect();
  },
};

/** What befalls the Redis server. */
export const SERVER_FAULTS: readonly Fault[] = [
  killed,
  killed,
  loads,
  stopped,
  stopped,
  readOnly,
  outOfMemory,
  wantsPassword,
  silent,
];
