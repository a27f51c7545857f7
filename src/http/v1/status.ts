import type { StoreStatus } from "../../store/status.ts";
import { decodeName } from "../../util/ifname.ts";
import type { PortFacts, ServerFacts, StatusFacts } from "../sources.ts";
import { findProblems, isInSync } from "./portproblem.ts";
import type { Response } from "./schema.ts";
import { toTime, toTimeOrNull } from "./time.ts";

/** The answer to GET /api/v1/status. */
export function toStatus(facts: StatusFacts, ports: Iterable<PortFacts>, nowWallMs: number): Response<"Status"> {
  const { health, databases, netlink, portInit } = facts;
  return {
    time: toTime(nowWallMs),
    version: facts.version,
    mode: facts.mode,
    namespace: facts.namespace,
    started: toTime(facts.startedWallMs),
    uptime_seconds: facts.uptimeSeconds,
    start_kind: facts.startKind ?? null,
    restore_count: facts.restoreCount,
    ready: facts.isReady,
    health: { status: health.status, score: health.score, reasons: [...health.reasons] },
    databases: databases.map(({ name, isUsable, failure }) => ({ name, usable: isUsable, failure })),
    netlink: { connected: netlink.isConnected, links: netlink.links },
    ports: countPorts(ports),
    port_init: { done: portInit.isDone, pending: portInit.pending.map(decodeName) },
    store: toStore(facts.store),
    http: toServer(facts.http),
    admin: toServer(facts.admin),
  };
}

function countPorts(ports: Iterable<PortFacts>): Response<"Status">["ports"] {
  const counts = { total: 0, in_sync: 0, with_problems: 0 };
  for (const port of ports) {
    counts.total++;
    if (isInSync(port)) counts.in_sync++;
    if (findProblems(port).length > 0) counts.with_problems++;
  }
  return counts;
}

function toStore(status: StoreStatus): Response<"Status">["store"] {
  const { state, reason, bytes, queued, dropped } = status;
  return {
    state,
    reason,
    bytes,
    queued,
    dropped,
    corruptions_total: status.corruptions,
    recoveries_total: status.recoveries,
    backups_created_total: status.backupsCreated,
    backups_cleaned_total: status.backupsCleaned,
    last_corruption: toTimeOrNull(status.lastCorruptionWallMs || undefined),
    last_recovery: toTimeOrNull(status.lastRecoveryWallMs || undefined),
  };
}

function toServer({ listening, failure, certificateExpiresWallMs }: ServerFacts): Response<"Status">["http"] {
  return { listening: [...listening], failure, certificate_expires: toTimeOrNull(certificateExpiresWallMs) };
}
