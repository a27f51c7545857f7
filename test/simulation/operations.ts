import { RECEIVED } from "../../src/netlink/socket.ts";
import { ADMIN_STATUS, APP_PORT_TABLE, APPL_DB, CONFIG_DB, STATE_DB, STATE_PORT_TABLE } from "../../src/swss/schema.ts";
import { CONNECTION_FAULTS, type ConnectionFault } from "./connection.ts";
import type { Disturbance } from "./disturbance.ts";
import { BRIDGE_IFINDEX, TEAM_IFINDEX } from "./kernel.ts";
import { kindOf } from "./names.ts";
import type { Netdev } from "./netdev.ts";
import { DUMP_FAULTS, type DumpFault } from "./requestsocket.ts";
import type { Operation } from "./scenario.ts";
import { type Mode, MODES } from "./server.ts";
import type { Site } from "./site.ts";

/** What operations act on. */
export interface OperationSite extends Site {
  readonly disturbance: Disturbance;
  /** Kills the process, which is started again after the pause. */
  kill(isCarriedOut: boolean, pauseMs: number): void;
  /** Tells the process to end; false when it does already. */
  stop(timeoutMs: number): boolean;
  /** Stops the process for that time. */
  pause(durationMs: number): void;
  /** Makes the process' link socket fail. */
  breakSocket(): void;
  /** Enables or disables a warm start. */
  setWarm(isWarm: boolean): boolean;
}

/** A kind of operation. */
export interface OperationRule {
  /** How often it is chosen. */
  readonly weight: number;
  /** True for what only an audit can find. */
  readonly onlyAudited?: boolean;
  /** True when the kernel does it alone, at any moment, also while the process runs. */
  readonly inKernel?: boolean;
  /** What `other` may be; names and fields without it. */
  readonly others?: readonly string[];
  /** Does it; false when there was nothing to do. */
  apply(world: OperationSite, operation: Operation): boolean | void;
}

const DATABASES = [APPL_DB, STATE_DB, STATE_DB, CONFIG_DB] as const;
const STALE_HOST_TX = "host_tx_ready";

function onNetdev(change: (world: OperationSite, netdev: Netdev, operation: Operation) => boolean | void) {
  return (world: OperationSite, operation: Operation): boolean | void => {
    const netdev = world.kernel.find(operation.name);
    return netdev ? change(world, netdev, operation) : false;
  };
}

/** A kind that changes a netdev. */
function kernelRule(
  weight: number,
  change: (world: OperationSite, netdev: Netdev, operation: Operation) => boolean | void,
) {
  return { weight, inKernel: true, apply: onNetdev(change) };
}

/** A kind that another client of Redis does, which needs a server that serves. */
function clientRule(
  weight: number,
  run: (world: OperationSite, operation: Operation) => readonly string[] | undefined,
  onlyAudited: boolean,
) {
  return {
    weight,
    onlyAudited,
    apply(world: OperationSite, operation: Operation): boolean {
      const command = run(world, operation);
      const database = command?.[1]?.startsWith(`${APP_PORT_TABLE}:`) ? APPL_DB : STATE_DB;
      return !!command && world.asClient(database, command);
    },
  };
}

function applRow(name: string): string {
  return `${APP_PORT_TABLE}:${name}`;
}

function stateRow(name: string): string {
  return `${STATE_PORT_TABLE}|${name}`;
}

function durationOf(value: number): number {
  return value % 5 === 0 ? value % 9000 : value % 400;
}

const KERNEL = {
  add: {
    weight: 6,
    inKernel: true,
    apply: (world: OperationSite, { name }: Operation) => !!world.kernel.add(name, kindOf(name)),
  },
  delete: kernelRule(4, (world, netdev) => world.kernel.delete(netdev)),
  up: kernelRule(5, (world, netdev) => world.kernel.change(netdev, { up: true })),
  down: kernelRule(4, (world, netdev) => world.kernel.change(netdev, { up: false })),
  carrier: kernelRule(7, (world, netdev) => world.kernel.change(netdev, { carrier: !netdev.carrier })),
  mtu: kernelRule(4, (world, netdev, { value }) => world.kernel.change(netdev, { mtu: 1500 + (value % 3) * 3800 })),
  rename: kernelRule(2, (world, netdev, { other }) => world.kernel.rename(netdev, other.slice(0, 15))),
  swap: kernelRule(3, (world, a, { other }) => {
    const b = world.kernel.find(other);
    if (!b || a === b || a.kind !== b.kind) return false;
    const { name } = a;
    world.kernel.rename(a, "swap");
    world.kernel.rename(b, name);
    world.kernel.rename(a, other);
  }),
  recreate: kernelRule(6, (world, netdev, { value }) => {
    world.kernel.delete(netdev);
    const reused = value % 2 === 0 ? netdev.ifindex : undefined;
    const again = world.kernel.add(netdev.name, netdev.kind, reused);
    if (again && value % 3 === 0) world.kernel.change(again, { up: true, carrier: true });
  }),
  bridge: kernelRule(3, (world, netdev) => world.kernel.enslave(netdev, BRIDGE_IFINDEX)),
  team: kernelRule(2, (world, netdev) => world.kernel.enslave(netdev, TEAM_IFINDEX)),
  release: kernelRule(3, (world, netdev) => world.kernel.release(netdev)),
  away: kernelRule(2, (world, netdev) => world.kernel.sendAway(netdev)),
  back: {
    weight: 3,
    inKernel: true,
    apply: (world: OperationSite, { name }: Operation) => world.kernel.bringBack(name),
  },
  burst: kernelRule(5, (world, netdev, { value }) => {
    for (let i = 0; i <= value % 20; i++) world.kernel.change(netdev, { carrier: !netdev.carrier });
  }),
  foreign: { weight: 1, inKernel: true, apply: (world: OperationSite) => world.kernel.multicast(RECEIVED.FOREIGN) },
  malformed: { weight: 1, inKernel: true, apply: (world: OperationSite) => world.kernel.multicast(new Uint8Array(11)) },
  nameless: { weight: 1, inKernel: true, apply: (world: OperationSite) => world.kernel.multicast(NAMELESS) },
  truncated: {
    weight: 1,
    inKernel: true,
    apply: (world: OperationSite) => void (world.kernel.nextMessage = RECEIVED.TRUNCATED),
  },
  bell: { weight: 1, inKernel: true, apply: (world: OperationSite) => world.kernel.ring() },
  "silent loss": {
    weight: 3,
    inKernel: true,
    onlyAudited: true,
    apply: (world: OperationSite) => void (world.kernel.nextMessage = "lost"),
  },
  dump: {
    weight: 5,
    others: DUMP_FAULTS,
    apply: (world: OperationSite, { other, value }: Operation) =>
      world.disturbance.armDump({ fault: other as DumpFault, faultAt: value % 4, lateMs: value % 6500 }),
  },
} satisfies Record<string, OperationRule>;

/** RTM_NEWLINK with an ifinfomsg and nothing else. */
const NAMELESS = new Uint8Array(32);
new DataView(NAMELESS.buffer).setUint32(0, 32, true);
NAMELESS[4] = 16;

const REDIS = {
  commands: {
    weight: 10,
    others: CONNECTION_FAULTS.filter((fault) => fault !== "late"),
    apply: (world: OperationSite, { other, value }: Operation) =>
      world.disturbance.armFault(DATABASES[value % 4]!, { kind: other as ConnectionFault, value }),
  },
  "late commands": {
    weight: 2,
    onlyAudited: true,
    apply: (world: OperationSite, { value }: Operation) =>
      world.disturbance.armFault(DATABASES[value % 4]!, { kind: "late", value }),
  },
  close: {
    weight: 2,
    apply: (world: OperationSite, { value }: Operation) => world.serverOf(DATABASES[value % 4]!).drop("CLIENT KILL"),
  },
  refuse: {
    weight: 3,
    apply: (world: OperationSite, { value }: Operation) =>
      world.disturbance.takeDown(DATABASES[value % 4]!, durationOf(value)),
  },
  "restart empty": {
    weight: 2,
    apply: (world: OperationSite, { value }: Operation) =>
      world.disturbance.takeDown(DATABASES[value % 4]!, durationOf(value), new Map()),
  },
  failover: {
    weight: 2,
    apply: (world: OperationSite, { value }: Operation) =>
      world.disturbance.takeDown(DATABASES[value % 4]!, durationOf(value), world.disturbance.snapshot),
  },
  snapshot: { weight: 2, apply: (world: OperationSite) => world.disturbance.takeSnapshot() },
  freeze: {
    weight: 3,
    apply: (world: OperationSite, { value }: Operation) =>
      world.disturbance.freeze(DATABASES[value % 4]!, durationOf(value)),
  },
  mode: {
    weight: 6,
    others: Object.keys(MODES),
    apply: (world: OperationSite, { other, value }: Operation) =>
      world.disturbance.enter(DATABASES[value % 4]!, other as Mode, durationOf(value)),
  },
  "script flush": { weight: 1, apply: (world: OperationSite) => world.serverOf(APPL_DB).forgetScripts() },
  "wrong type": {
    weight: 3,
    apply: (world: OperationSite, { name, value }: Operation) =>
      world.disturbance.breakRow(name, value % 2 === 0 ? APPL_DB : STATE_DB),
  },
} satisfies Record<string, OperationRule>;

const CLIENTS = {
  "row gone": clientRule(5, (_, { name }) => ["DEL", applRow(name)], false),
  "row there": clientRule(
    6,
    (_, { name, value }) => ["HSET", applRow(name), value % 2 ? ADMIN_STATUS : "lanes", "1"],
    false,
  ),
  "row anew": {
    weight: 5,
    apply(world: OperationSite, { name, value }: Operation): boolean {
      const again = () => world.asClient(APPL_DB, ["HSET", applRow(name), "lanes", "2"]);
      if (!world.asClient(APPL_DB, ["DEL", applRow(name)])) return false;
      world.scheduler.after((value % 1000) / 150, again);
      return true;
    },
  },
  "field gone": clientRule(1, (_, { name }) => ["HDEL", applRow(name), "lanes", ADMIN_STATUS], false),
  host_tx_ready: clientRule(
    3,
    (world, { name }) =>
      world.hasRow(STATE_DB, stateRow(name)) ? ["HSET", stateRow(name), STALE_HOST_TX, "true"] : undefined,
    false,
  ),
  "our row gone": clientRule(4, (_, { name }) => ["DEL", stateRow(name)], true),
  "our field gone": clientRule(3, (_, { name, other }) => ["HDEL", stateRow(name), other], true),
  "our field wrong": clientRule(
    4,
    (_, { name, other, value }) => ["HSET", stateRow(name), other, String(value % 7)],
    true,
  ),
  "foreign leftover": clientRule(
    2,
    (_, { name }) => [
      "HSET",
      stateRow(name),
      "state",
      "ok",
      "netdev_oper_status",
      "up",
      "admin_status",
      "up",
      "mtu",
      "9",
    ],
    true,
  ),
  FLUSHALL: {
    weight: 2,
    onlyAudited: true,
    apply: (world: OperationSite, { value }: Operation) =>
      world.disturbance.reset(world.serverOf(DATABASES[value % 4]!), new Map()),
  },
  "notifications off": {
    weight: 1,
    onlyAudited: true,
    apply: (world: OperationSite) => void (world.serverOf(APPL_DB).notifies = false),
  },
} satisfies Record<string, OperationRule>;

const PROCESS = {
  kill: {
    weight: 3,
    apply: (world: OperationSite, { value }: Operation) => world.kill(value % 2 === 0, 20 + (value % 300)),
  },
  stop: { weight: 2, apply: (world: OperationSite, { value }: Operation) => world.stop(value % 3000) },
  pause: { weight: 3, apply: (world: OperationSite, { value }: Operation) => world.pause(durationOf(value)) },
  "broken socket": { weight: 1, apply: (world: OperationSite) => world.breakSocket() },
  warm: { weight: 2, apply: (world: OperationSite, { value }: Operation) => world.setWarm(value % 2 === 0) },
} satisfies Record<string, OperationRule>;

/** Everything that can happen, by its kind. */
export const OPERATIONS: Readonly<Record<string, OperationRule>> = { ...KERNEL, ...REDIS, ...CLIENTS, ...PROCESS };
