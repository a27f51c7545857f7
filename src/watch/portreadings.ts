import { type PortVisitor, samplesBy } from "../metrics/reading.ts";
import type { Publisher } from "../port/publisher.ts";
import type { Reconciler } from "../port/reconciler.ts";
import { type PortState, sameState } from "../port/state.ts";
import type { DatabaseName } from "../swss/schema.ts";
import type { Observations } from "./observations.ts";

/** Ports whose row in STATE_DB is what the kernel says, as far as is known. */
export function portsInSync(publisher: Publisher): number {
  const { desired, published } = publisher;
  let inSync = desired.size;
  for (const name of publisher.backlog().names) {
    const [state, row] = [desired.get(name), published.get(name)];
    // One that changed and changed back waits to be looked at, but its row is right.
    if (state && !(typeof row === "object" && sameState(state, row))) inSync--;
  }
  return inSync;
}

/** Reads what is known of the writing of ports. */
export function publishReadings(reconciler: Reconciler) {
  const { publisher, portSet } = reconciler;
  const audits = () => reconciler.audit?.counters;
  return {
    portsyncd_publishes_total: () => {
      const { sets, dels, unchanged, refused, lost } = publisher.counters;
      return samplesBy("result", { set: sets, deleted: dels, unchanged, refused, lost });
    },
    portsyncd_queue_depth: () => publisher.backlog().names.size,
    portsyncd_dirty_ports: () => publisher.backlog().dirty,
    portsyncd_refused_ports: () => publisher.backlog().refused,
    portsyncd_ports: () => publisher.desired.size,
    portsyncd_ports_in_sync: () => portsInSync(publisher),
    portsyncd_port_init_pending_ports: () => portSet.pending.size,
    portsyncd_port_init_done: () => Number(portSet.done),
    portsyncd_audits_total: () => {
      const { audits: all = 0, failed = 0 } = audits() ?? {};
      return samplesBy("result", { completed: all - failed, failed });
    },
    portsyncd_audit_repairs_total: () => {
      const { added = 0, changed = 0, deleted = 0 } = reconciler.monitor?.drift ?? {};
      const { untold = 0, repaired = 0 } = audits() ?? {};
      return samplesBy("direction", {
        from_kernel: added + changed + deleted,
        from_appl_db: untold,
        to_state_db: repaired,
      });
    },
    portsyncd_audit_leftovers_total: () => audits()?.leftovers ?? 0,
  };
}

/** Reads what is known of the databases; in standalone mode there is no APPL_DB. */
export function redisReadings({ databases }: Reconciler, { commands, redisLatency }: Observations) {
  const each = (value: (name: DatabaseName) => number) =>
    samplesBy("database", Object.fromEntries(databases.names.map((name) => [name, value(name)])));
  return {
    portsyncd_redis_connected: () => Number(databases.allUsable),
    portsyncd_redis_database_connected: () => each((name) => Number(databases.get(name) !== undefined)),
    portsyncd_redis_reconnects_total: () => each((name) => databases.returns(name)),
    portsyncd_redis_commands_total: () => each((name) => commands[name]),
    portsyncd_redis_latency_seconds: () => redisLatency.value,
  };
}

/** Reads what is known of each port that is to be in STATE_DB. */
export function portReadings({ publisher }: Reconciler, { ports }: Observations) {
  const each = (value: (state: PortState, name: string) => number | undefined) => (see: PortVisitor) => {
    for (const [name, state] of publisher.desired) {
      const found = value(state, name);
      if (found !== undefined) see(name, found);
    }
  };
  const seconds = (wallMs: number | undefined) => (wallMs === undefined ? undefined : wallMs / 1000);
  return {
    portsyncd_port_oper_up: each(({ oper }) => Number(oper)),
    portsyncd_port_admin_up: each(({ admin }) => Number(admin)),
    portsyncd_port_mtu_bytes: each(({ mtu }) => mtu),
    portsyncd_port_flaps_total: each((_, name) => ports.flaps(name)),
    portsyncd_port_last_change_timestamp_seconds: each((_, name) => seconds(ports.changedWallMs(name))),
  };
}
