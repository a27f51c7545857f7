import * as fc from "fast-check";

import type { Config } from "../../src/config/schema.ts";
import { EXPORT_FORMATS } from "../../src/config/schema.ts";
import { LOG_FORMATS } from "../../src/log/format.ts";
import { LOG_LEVELS } from "../../src/log/level.ts";
import { WRITERS } from "../../src/swss/database.ts";

const seconds = (most: number): fc.Arbitrary<number> =>
  fc.oneof(fc.double({ min: 0.1, max: most, noNaN: true }), fc.integer({ min: 1, max: most }));
const percent = fc.double({ min: 0, max: 100, noNaN: true }).map((value) => Math.abs(value));
const dbNumber = fc.integer({ min: 0, max: 999 });
const path = fc.string({ unit: "grapheme", maxLength: 30 }).map((text) => `/${text.replaceAll("\0", "")}`);

/** Any configuration that a file can hold. */
export const configs: fc.Arbitrary<Config> = fc.record({
  mode: fc.constantFrom("sonic", "standalone"),
  restart: fc.constantFrom("contract", "adopt"),
  namespace: fc.constantFrom("", "asic0", "asic1", "a.b_c-d"),
  database: fc.record({
    redis_host: fc.constantFrom("127.0.0.1", "::1", "redis", 'a"b\\c'),
    redis_port: fc.integer({ min: 1, max: 65_535 }),
    redis_socket: fc.constantFrom("", "/run/redis.sock", "/run/with space\t"),
    config_db_number: dbNumber,
    appl_db_number: dbNumber,
    state_db_number: dbNumber,
    connection_timeout_secs: seconds(300),
    retry_interval_secs: seconds(300),
    sonic_db_config: path,
    sonic_db_global_config: path,
  }),
  netlink: fc.record({ receive_buffer_bytes: fc.integer({ min: 4096, max: 2 ** 30 }) }),
  audit: fc.record({ interval_secs: fc.integer({ min: 1, max: 86_400 }) }),
  performance: fc.record({
    max_event_queue: fc.integer({ min: 1, max: 1_000_000 }),
    batch_timeout_ms: fc.integer({ min: 1, max: 60_000 }),
    max_latency_us: fc.integer({ min: 1, max: 60_000_000 }),
    min_success_rate: percent,
    writer: fc.constantFrom(...WRITERS),
  }),
  health: fc.record({
    enable_watchdog: fc.boolean(),
    watchdog_interval_secs: seconds(3600),
    max_stall_seconds: seconds(3600),
    max_failure_rate_percent: percent,
    min_port_sync_rate: percent,
  }),
  log: fc
    .record({ level: fc.constantFrom(undefined, ...LOG_LEVELS), format: fc.constantFrom(...LOG_FORMATS) })
    .map(({ level, format }) => (level === undefined ? { format } : { level, format }) as Config["log"]),
  store: fc.record({ enabled: fc.boolean(), directory: path, backups: fc.integer({ min: 0, max: 100 }) }),
  metrics: fc.record({
    enabled: fc.boolean(),
    export_format: fc.constantFrom(...EXPORT_FORMATS),
    storage_path: path,
    save_interval_secs: fc.integer({ min: 10, max: 86_400 }),
    retention_days: fc.integer({ min: 1, max: 3650 }),
    max_file_size_mb: fc.integer({ min: 1, max: 10_000 }),
  }),
  http: fc.record({
    listen: fc.uniqueArray(fc.constantFrom("127.0.0.1:9101", "[::1]:9101", "0.0.0.0:1", "[2001:db8::1]:65535"), {
      maxLength: 3,
    }),
    insecure: fc.boolean(),
    certificate: fc.oneof(fc.constant(""), path),
    key: fc.oneof(fc.constant(""), path),
    client_ca: fc.oneof(fc.constant(""), path),
    admin_socket: fc.constantFrom("", "/run/portsyncd/admin.sock", "/run/with space\t"),
  }),
  alerts: fc.record({
    alertmanagers: fc.uniqueArray(
      fc.constantFrom("http://127.0.0.1:9093", "https://am.example:443/x/", "http://[::1]"),
      {
        maxLength: 3,
      },
    ),
    webhooks: fc.uniqueArray(fc.constantFrom("http://127.0.0.1:1/?a=%20&b=1", "https://hooks.example/T0/'"), {
      maxLength: 2,
    }),
    instance: fc.constantFrom("", "switch1", 'sw"1\\'),
    external_url: fc.constantFrom("", "https://switch1/?x=1"),
    ca: fc.oneof(fc.constant(""), path),
    timeout_secs: fc.double({ min: 0.1, max: 60, noNaN: true }),
    rules: fc.uniqueArray(
      fc.constantFrom(
        { id: "redis_down", for_secs: 30.5, severity: "warning" },
        { id: "port_flapping", enabled: false },
        { id: "queue", metric: "portsyncd_queue_depth", condition: "between", range: [5, 6.5], summary: 'q "\n\t' },
      ),
      { maxLength: 3, selector: ({ id }) => id },
    ),
  }),
  shutdown: fc.record({ timeout_secs: seconds(600) }),
  standalone: fc.record({
    port_patterns: fc.array(fc.constantFrom("Ethernet*", "en?", 'a"b', "é*", "'"), { minLength: 1, maxLength: 3 }),
  }),
});
