import { openDatabases } from "../src/cli/databases.ts";
import { DEFAULT_CONFIG } from "../src/config/schema.ts";
import { Reconciler } from "../src/port/reconciler.ts";
import type { LinkSource } from "../src/rtnetlink/source.ts";
import type { ConnectorFactory } from "../src/swss/databases.ts";
import { systemClock } from "../src/util/clock.ts";

const NEVER_MS = 2 ** 31 / 1.2;

/**
 * The daemon's parts with the defaults of its configuration, put together as src/daemon.ts does, without its log; audits are
 * left to the caller. `around` may put something between them and Redis.
 */
export function openReconciler(
  databaseConfig: string,
  source: LinkSource,
  around = (open: ConnectorFactory) => open,
): Reconciler {
  const { database, mode, restart, performance, netlink } = DEFAULT_CONFIG;
  const config = { ...DEFAULT_CONFIG, database: { ...database, sonic_db_config: databaseConfig } };
  const parts = { source, openDatabase: around(openDatabases(config)), clock: systemClock, random: Math.random };
  const options = {
    mode,
    restart,
    once: false,
    matchesPattern: () => false,
    receiveBufferBytes: netlink.receive_buffer_bytes,
    budget: { datagrams: performance.max_event_queue, ms: performance.batch_timeout_ms },
    auditMs: NEVER_MS,
    eoiuMs: 60_000,
  };
  return new Reconciler(parts, options, { onConnected: async () => {}, onTransition() {}, onChange() {} });
}
