import * as v from "valibot";

import { LOG_FORMATS } from "../log/format.ts";
import { LOG_LEVELS } from "../log/level.ts";
import { WRITERS } from "../swss/database.ts";
import { ALERT_KEYS } from "./alertkeys.ts";
import {
  addresses,
  choice,
  file,
  flag,
  globs,
  integer,
  isHost,
  isPath,
  isTable,
  type Key,
  percent,
  seconds,
  socketPath,
  text,
} from "./key.ts";
import { isNamespace } from "./namespace.ts";

/** The values of `mode` and `--mode`. */
export const MODES = ["sonic", "standalone"] as const;

/** One of the values of `mode`. */
export type Mode = (typeof MODES)[number];

/** The values of `restart`. */
export const RESTARTS = ["contract", "adopt"] as const;

/** The values of `metrics.export_format`. */
export const EXPORT_FORMATS = ["prometheus", "json", "both"] as const;

/** What sun_path of sockaddr_un(7) holds, without the 0 at its end. */
const SUN_PATH_BYTES = 107;
/** A socket that we listen on is prepared in a folder beside its place, whose name is longer by less than this. */
const PREPARED_BYTES = 17;

const DB_NUMBER = "a Redis database number, used without sonic_db_config";

/** The keys that stand before the first table. */
const top = {
  mode: choice("sonic", MODES, {
    meaning: "sonic: ports are admitted by APPL_DB; standalone: a plain Linux machine without orchagent",
    live: false,
  }),
  restart: choice("contract", RESTARTS, {
    meaning:
      "contract: a cold start brings existing ports down and waits for new ones, as the C++ daemon does; " +
      "adopt: on a switch that runs already it takes them over",
    live: false,
  }),
  namespace: text(
    "",
    'a name of letters, digits, ".", "_" and "-", or "" for none',
    (name) => !name || isNamespace(name),
    {
      meaning: "the ASIC's network namespace on a multi-ASIC switch, such as asic0",
      live: false,
    },
  ),
};

const database = {
  redis_host: text("127.0.0.1", "a host name or address", isHost, {
    meaning: "where Redis listens, used without redis_socket",
    live: false,
  }),
  redis_port: integer(6379, 1, 65_535, { meaning: "the TCP port of Redis", live: false }),
  redis_socket: socketPath("", SUN_PATH_BYTES, {
    meaning: "the Unix socket of Redis; wins over redis_host and redis_port",
    live: false,
  }),
  config_db_number: integer(4, 0, 999, { meaning: `CONFIG_DB: ${DB_NUMBER}`, live: false }),
  appl_db_number: integer(0, 0, 999, { meaning: `APPL_DB: ${DB_NUMBER}`, live: false }),
  state_db_number: integer(6, 0, 999, { meaning: `STATE_DB: ${DB_NUMBER}`, live: false }),
  connection_timeout_secs: seconds(5, 0.1, 300, {
    meaning: "how long to wait for a connection to Redis, and for all at the start; an answer may take twice as long",
    live: false,
  }),
  retry_interval_secs: seconds(2, 0.1, 300, {
    meaning: "the longest pause between two attempts to connect to Redis",
    live: false,
  }),
  sonic_db_config: text("/var/run/redis/sonic-db/database_config.json", "an absolute path", isPath, {
    meaning: "SONiC's database_config.json; when it exists it wins over the seven keys of hosts, sockets and numbers",
    live: false,
  }),
  sonic_db_global_config: text("/var/run/redis/sonic-db/database_global.json", "an absolute path", isPath, {
    meaning: "SONiC's database_global.json, where a namespace finds its database_config.json",
    live: false,
  }),
};

const netlink = {
  receive_buffer_bytes: integer(16_777_216, 4096, 2 ** 30, {
    meaning: "the receive buffer to ask for; the kernel may grant less",
    live: false,
  }),
};

const audit = {
  interval_secs: seconds(60, 1, 86_400, {
    meaning: "how often the kernel's links, APPL_DB and STATE_DB are compared and repaired, give or take a tenth",
    live: true,
  }),
};

const performance = {
  max_event_queue: integer(1000, 1, 1_000_000, {
    meaning: "the most datagrams read from netlink in one turn before what they changed is published",
    live: true,
  }),
  batch_timeout_ms: integer(100, 1, 60_000, { meaning: "the longest such a turn may last", live: true }),
  max_latency_us: integer(10_000, 1, 60_000_000, {
    meaning: "how long, in microseconds, 99 of 100 link events may take to STATE_DB; health and alerts go by it",
    live: true,
  }),
  min_success_rate: percent(99, {
    meaning:
      "the least part of the link events of five minutes, in percent, that must be understood; health goes by it",
    live: true,
  }),
  writer: choice("native", WRITERS, {
    meaning: "what writes to STATE_DB: Bun's own Redis client, with Redis 6 or later, or node-redis",
    live: false,
  }),
};

const health = {
  enable_watchdog: flag(true, { meaning: "whether to answer systemd's watchdog", live: true }),
  watchdog_interval_secs: seconds(15, 0.1, 3600, {
    meaning: "the longest interval between two WATCHDOG=1; half of WATCHDOG_USEC when that is less",
    live: true,
  }),
  max_stall_seconds: seconds(10, 0.1, 3600, {
    meaning:
      "without an answer of the netlink probe or a turn of the event loop for so long, WATCHDOG=1 is withheld, and health is bad",
    live: true,
  }),
  max_failure_rate_percent: percent(5, {
    meaning: "the largest part of the writes to STATE_DB of five minutes, in percent, that may fail; health goes by it",
    live: true,
  }),
  min_port_sync_rate: percent(90, {
    meaning: "the least part of the ports, in percent, whose row must be what the kernel says; health goes by it",
    live: true,
  }),
};

const log = {
  level: choice(undefined, LOG_LEVELS, {
    meaning: "the least severe level that is logged; absent, LOGGER|portsyncd of CONFIG_DB decides",
    live: true,
  }),
  format: choice("auto", LOG_FORMATS, {
    meaning: "auto takes journal under systemd, pretty on a terminal, syslog where /dev/log exists",
    live: true,
  }),
};

const shutdown = {
  timeout_secs: seconds(30, 0.1, 600, {
    meaning: "how long a stop may wait for what is pending to be published",
    live: true,
  }),
};

const store = {
  enabled: flag(true, { meaning: "whether the history of ports and the starts are kept on disk", live: false }),
  directory: text("/var/lib/sonic/portsyncd", "an absolute path", isPath, {
    meaning: "where portsyncd.db and its backups are; with a namespace a folder of its name in it",
    live: false,
  }),
  backups: integer(3, 0, 100, { meaning: "how many backups are kept", live: false }),
};

const metrics = {
  enabled: flag(true, { meaning: "whether metrics are told at all; counted they are in any case", live: false }),
  export_format: choice("prometheus", EXPORT_FORMATS, {
    meaning: "prometheus: metrics are told by the HTTP server; json: they are written to storage_path; both: both",
    live: false,
  }),
  storage_path: text("/var/lib/sonic/portsyncd/metrics", "an absolute path", isPath, {
    meaning:
      "the directory of metrics.json, for export_format json and both; with a namespace a folder of its name in it",
    live: false,
  }),
  save_interval_secs: seconds(300, 10, 86_400, {
    meaning:
      "the least time between two backups of the store, while something is recorded; how often metrics.json is written",
    live: false,
  }),
  retention_days: integer(30, 1, 3650, { meaning: "how long the history is kept", live: false }),
  max_file_size_mb: integer(100, 1, 10_000, {
    meaning: "the most that portsyncd.db may take, in mebibytes; the oldest history goes first",
    live: false,
  }),
};

const http = {
  listen: addresses(["127.0.0.1:9101", "[::1]:9101"], {
    meaning:
      "where the HTTP server of metrics and status listens, in the network namespace of the daemon; [] for nowhere",
    live: false,
  }),
  insecure: flag(false, {
    meaning: "whether other machines may be served without TLS; else addresses that they reach need a certificate",
    live: false,
  }),
  certificate: file(
    "the server's certificate and those between it and its CA, in PEM; with it all of listen is TLS 1.3; SIGHUP reads " +
      "the file again, and those of the next two keys",
  ),
  key: file("the private key of the certificate, in PEM, without a passphrase"),
  client_ca: file("the CAs, in PEM, of which one must have signed a client's certificate; without it nobody needs one"),
  admin_socket: socketPath("/run/portsyncd/admin.sock", SUN_PATH_BYTES - PREPARED_BYTES, {
    meaning:
      "the Unix socket for portsyncd status, alerts, silence and trends; with a namespace in a folder of its name",
    live: false,
  }),
};

const standalone = {
  port_patterns: globs(["Ethernet*", "PortChannel*", "eth*", "en*"], {
    meaning: "which interfaces are ports in standalone mode when CONFIG_DB has no PORT table",
    live: false,
  }),
};

/** Every table of the configuration file. */
export const TABLES = {
  database,
  netlink,
  audit,
  performance,
  health,
  log,
  shutdown,
  store,
  metrics,
  http,
  alerts: ALERT_KEYS,
  standalone,
};

/** The keys outside every table. */
export const TOP_KEYS = top;

type Values<K> = { readonly [N in keyof K]: K[N] extends Key<infer T> ? T : never };

/** The configuration, with the names of the file; `log.level` is undefined when CONFIG_DB decides. */
export type Config = Values<typeof top> & { readonly [N in keyof typeof TABLES]: Values<(typeof TABLES)[N]> };

/** Every key by its path, such as `database.redis_port`, in the order of the file. */
export const KEYS: ReadonlyMap<string, Key<unknown>> = new Map<string, Key<unknown>>([
  ...Object.entries(top),
  ...Object.entries(TABLES).flatMap(([table, keys]) =>
    Object.entries(keys).map(([name, key]): [string, Key<unknown>] => [`${table}.${name}`, key]),
  ),
]);

const table = v.custom<Record<string, unknown>>(isTable);

function tableSchema(keys: Readonly<Record<string, Key<unknown>>>): v.GenericSchema {
  const entries = Object.entries(keys).map(([name, key]) => [name, v.optional(key.check, key.default)]);
  return v.optional(v.pipe(table, v.object(Object.fromEntries(entries))), {});
}

/** Checks what a configuration file holds; unknown keys pass, the loader finds them. */
export const ConfigSchema = v.pipe(
  v.object({
    ...Object.fromEntries(Object.entries(top).map(([name, key]) => [name, v.optional(key.check, key.default)])),
    ...Object.fromEntries(Object.entries(TABLES).map(([name, keys]) => [name, tableSchema(keys)])),
  }),
  // The type follows from the tables above, which Object.fromEntries forgets.
  v.transform((config) => config as unknown as Config),
);

/** The configuration of an empty file. */
export const DEFAULT_CONFIG: Config = v.parse(ConfigSchema, {});
