import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import * as fc from "fast-check";

import { formatIssue, formatPath } from "../../src/config/issue.ts";
import { loadConfig, parseConfig } from "../../src/config/load.ts";
import { DEFAULT_CONFIG, KEYS } from "../../src/config/schema.ts";

function issuesOf(text: string): string[] {
  return (parseConfig(text, "f").issues ?? []).map(formatIssue);
}

/** A text that sets one key, such as `database.redis_port`. */
function setting(path: string, toml: string): string {
  const [table, name] = path.split(".");
  return name === undefined ? `${table} = ${toml}` : `[${table}]\n${name} = ${toml}`;
}

describe("parseConfig", () => {
  test("gives the defaults for an empty text", () => {
    expect(parseConfig("", "f").config).toEqual(DEFAULT_CONFIG);
    expect(DEFAULT_CONFIG.database.redis_port).toBe(6379);
    expect(DEFAULT_CONFIG.log.level).toBeUndefined();
  });

  test("takes every key from the text and leaves the others at their defaults", () => {
    const { config } = parseConfig('mode = "standalone"\n[database]\nredis_port = 1\n[log]\nlevel = "debug"\n', "f");
    expect(config).toEqual({
      ...DEFAULT_CONFIG,
      mode: "standalone",
      database: { ...DEFAULT_CONFIG.database, redis_port: 1 },
      log: { ...DEFAULT_CONFIG.log, level: "debug" },
    });
  });

  test("reports every issue at once, in the order of the file", () => {
    const text = [
      'mode = "x"',
      "database.redis_port = 0",
      "database.redis_hots = 1",
      "[health]",
      "enable_watchdog = 1",
      "bogus = 1",
      "other = 1",
      "[standalone]",
      'port_patterns = ["eth*", "", 5]',
    ].join("\n");
    expect(issuesOf(text)).toEqual([
      'f:1:1: mode: the string "x" is not allowed, allowed: "sonic", "standalone"',
      "f:2:10: database.redis_port: 0 is not allowed, allowed: an integer from 1 to 65535",
      "f:3:10: database.redis_hots: unknown key, did you mean redis_host?",
      "f:5:1: health.enable_watchdog: 1 is not allowed, allowed: true or false",
      "f:6:1: health.bogus: unknown key, allowed in health: enable_watchdog, watchdog_interval_secs, max_stall_seconds, max_failure_rate_percent, min_port_sync_rate",
      "f:7:1: health.other: unknown key, allowed in health: enable_watchdog, watchdog_interval_secs, max_stall_seconds, max_failure_rate_percent, min_port_sync_rate",
      'f:9:26: standalone.port_patterns[1]: the string "" is not allowed, allowed: a non-empty list of interface name patterns with * and ?',
      "f:9:30: standalone.port_patterns[2]: 5 is not allowed, allowed: a non-empty list of interface name patterns with * and ?",
    ]);
  });

  test("names the table of a key that stands outside of it", () => {
    expect(issuesOf("redis_port = 1")).toEqual([
      "f:1:1: redis_port: unknown key here, did you mean database.redis_port?",
    ]);
  });

  test("refuses unknown tables and names that every object has", () => {
    expect(issuesOf("[databse]\n[constructor]\n[log]\ntoString = 1\n__proto__ = 1")).toEqual([
      "f:1:2: databse: unknown key, did you mean database?",
      "f:2:2: constructor: unknown key, allowed: mode, restart, namespace, database, netlink, audit, performance, health, log, shutdown, store, metrics, http, alerts, standalone",
      "f:4:1: log.toString: unknown key, allowed in log: level, format",
      "f:5:1: log.__proto__: unknown key, allowed in log: level, format",
    ]);
  });

  for (const [toml, words] of [
    ["5", "5"],
    ["[]", "an empty array"],
    ["[{}]", "an array"],
    ['"x"', 'the string "x"'],
    ["1979-05-27", "a date"],
    ["true", "true"],
  ])
    test(`refuses ${toml} where a table belongs`, () => {
      expect(issuesOf(`database = ${toml}`)).toEqual([`f:1:1: database: ${words} is not allowed, allowed: a table`]);
    });

  test("refuses alert rules that cannot be, each with its place, its key, its value and what is allowed", () => {
    const text = [
      "[alerts]",
      'alertmanagers = ["http://127.0.0.1:9093"]',
      "[[alerts.rules]]",
      'id = "redis_down"',
      "for_secs = nan",
      "[[alerts.rules]]",
      'id = "deep"',
      'metric = "portsyncd_quue_depth"',
      'condition = "above"',
      "threshold = 5",
      "[[alerts.rules]]",
      'id = "deep"',
      'metric = "portsyncd_queue_depth"',
      'condition = "between"',
      "range = [5, 1]",
      "[health]",
      "enable_watchdog = 1",
    ];
    expect(issuesOf(text.join("\n"))).toEqual([
      "f:5:1: alerts.rules[0].for_secs: NaN; allowed: a number from 0 to 86400",
      'f:8:1: alerts.rules[1].metric: there is no metric "portsyncd_quue_depth"; is portsyncd_queue_depth meant?',
      'f:12:1: alerts.rules[2].id: "deep" is the id of an earlier rule; allowed: each id once',
      "f:15:1: alerts.rules[2].range: [5, 1]; allowed: two finite numbers, the lower first",
      "f:17:1: health.enable_watchdog: 1 is not allowed, allowed: true or false",
    ]);
  });

  test("takes alert rules of all metrics of the daemon, as tables or inline", () => {
    const deep = 'metric = "portsyncd_queue_depth", condition = "above", threshold = 5';
    const { config } = parseConfig(
      `alerts.rules = [{ id = "deep", ${deep} }, { id = "redis_down", enabled = false }]`,
      "f",
    );
    expect(config!.alerts.rules.map(({ id }) => id)).toEqual(["deep", "redis_down"]);
    const tables = parseConfig('[[alerts.rules]]\nid = "redis_down"\nenabled = false', "f");
    expect(tables.config!.alerts.rules).toEqual([{ id: "redis_down", enabled: false }]);
  });

  test("escapes what a key or value would do to a terminal", () => {
    expect(issuesOf('"\\u001b[2J" = 1')[0]).toStartWith('f:1:1: "\\x1b[2J": unknown key');
    expect(issuesOf('mode = "\\u001b[2J\\n"')[0]).toStartWith('f:1:1: mode: the string "\\x1b[2J\\x0a" is not');
  });

  test("reports a syntax error as one issue with its place", () => {
    expect(issuesOf("a = 1\nb = [")).toEqual(["f:2:5: not valid TOML: unfinished array"]);
    expect(issuesOf("[log]\n[log]")).toEqual([
      "f:2:2: not valid TOML: trying to redefine an already defined table or value",
    ]);
  });

  test("refuses a byte order mark", () => {
    expect(issuesOf('\uFEFFmode = "sonic"')).toEqual(["f: starts with a byte order mark, remove it"]);
  });

  test("never throws, whatever the text", () => {
    const words = fc.constantFrom(
      ..."[]{}=.,#\"'\\\n\u0000\ud800",
      "[log]\n",
      "level",
      "mode",
      "[[log]]",
      "nan",
      '"""',
      "1e9",
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 20 }), (parts) => {
        const { config, issues } = parseConfig(parts.join(""), "f");
        expect(config === undefined).toBe(issues !== undefined);
      }),
      { numRuns: 2000 },
    );
  });
});

const REFUSED: Readonly<Record<string, readonly string[]>> = {
  mode: ['"SONIC"', '""', "1"],
  restart: ['"Adopt"', '"warm"', "true"],
  namespace: ['"../x"', '".."', '"a/b"', '"a b"', '"\\u0000"', "0"],
  "database.redis_host": ['""', '"a b"', '"a\\u0000"', "1"],
  "database.redis_port": ["0", "65536", "-1", "1.5", "nan", "inf", '"6379"', "true", "99999999999999999999"],
  "database.redis_socket": ['"redis.sock"', `"/${"a".repeat(107)}"`, '"/a\\u0000b"'],
  "database.config_db_number": ["-1", "1000", "0.5"],
  "database.appl_db_number": ["-1", "1000", "0.5"],
  "database.state_db_number": ["-1", "1000", "0.5"],
  "database.connection_timeout_secs": ["0", "-1", "301", "nan", "inf", "-inf"],
  "database.retry_interval_secs": ["0", "-1", "301", "nan", "inf"],
  "database.sonic_db_config": ['""', '"relative"', "1"],
  "database.sonic_db_global_config": ['""', '"relative"', "1"],
  "netlink.receive_buffer_bytes": ["4095", "1073741825", "5000.5"],
  "audit.interval_secs": ["0", "0.5", "86401", "nan", "inf"],
  "performance.max_event_queue": ["0", "1000001", "1.5", "nan"],
  "performance.batch_timeout_ms": ["0", "60001", "1.5", "inf"],
  "performance.max_latency_us": ["0", "60000001", "1.5", "nan"],
  "performance.min_success_rate": ["-0.1", "100.1", "nan", "inf"],
  "performance.writer": ['"bun"', '"Native"', "1"],
  "health.enable_watchdog": ["1", '"true"'],
  "health.watchdog_interval_secs": ["0", "3601", "nan"],
  "health.max_stall_seconds": ["0", "3601", "inf"],
  "health.max_failure_rate_percent": ["-1", "101", "nan"],
  "health.min_port_sync_rate": ["-1", "101", "inf"],
  "log.level": ['"NOTICE"', '"warning"', "5"],
  "log.format": ['"xml"', "1"],
  "shutdown.timeout_secs": ["0", "601", "nan", "inf"],
  "store.enabled": ["1", '"yes"'],
  "store.directory": ['""', '"relative"', "1"],
  "store.backups": ["-1", "101", "1.5"],
  "metrics.enabled": ["1", '"true"'],
  "metrics.export_format": ['"JSON"', '"none"', "true"],
  "metrics.storage_path": ['""', '"relative"', "1"],
  "metrics.save_interval_secs": ["9", "86401", "nan"],
  "metrics.retention_days": ["0", "3651", "0.5"],
  "metrics.max_file_size_mb": ["0", "10001", "inf"],
  "http.listen": [
    '"127.0.0.1:9101"',
    '["localhost:9101"]',
    '["127.0.0.1"]',
    '["127.0.0.1:0"]',
    '["127.0.0.1:65536"]',
    '["::1:9101"]',
    '["[127.0.0.1]:9101"]',
    '["127.0.0.1:9101 "]',
    '["fe80::1%eth0:1"]',
    "[9101]",
  ],
  "http.insecure": ["1", '"no"'],
  "http.certificate": ['"cert.pem"', "1"],
  "http.key": ['"key.pem"', "[]"],
  "http.client_ca": ['"~/ca.pem"', "false"],
  "http.admin_socket": ['"admin.sock"', `"/${"a".repeat(90)}"`, "1"],
  "alerts.alertmanagers": [
    '"http://127.0.0.1:9093"',
    '["127.0.0.1:9093"]',
    '["ftp://am"]',
    '["http://"]',
    '["http://user:secret@am:9093"]',
    '["http://user@am:9093"]',
    '["http://am:9093/?a=1"]',
    '["http://am:9093/#x"]',
    '["http://am:99999"]',
    '["http://a b"]',
    '["http://am", "http://am"]',
    `["http://am/${"x".repeat(2040)}"]`,
    "[1]",
  ],
  "alerts.webhooks": ['"http://h/"', '["hook"]', '["https://user:secret@h/"]', '["http://h/#x"]', "[true]"],
  "alerts.instance": [`"${"a".repeat(254)}"`, '"a\\u0007"', '"é"', "1"],
  "alerts.external_url": ['"switch1"', '"javascript:x"', "[]"],
  "alerts.ca": ['"ca.pem"', "1"],
  "alerts.timeout_secs": ["0", "61", "nan", "inf"],
  "alerts.rules": ["1", '"redis_down"', "[1]", '["redis_down"]', `[${"{}, ".repeat(200)}{}]`],
  "standalone.port_patterns": ["[]", '"eth*"', '[""]', '["a b"]', '["a/b"]', '["[ab]"]', '["{a,b}"]', "[1]"],
};

const ACCEPTED: Readonly<Record<string, readonly string[]>> = {
  namespace: ['""', '"asic0"'],
  "database.redis_port": ["1", "65535"],
  "database.redis_socket": ['""', `"/${"a".repeat(106)}"`],
  "database.config_db_number": ["0", "999"],
  "database.connection_timeout_secs": ["0.1", "2.5", "300"],
  "netlink.receive_buffer_bytes": ["4096", "1073741824"],
  restart: ['"contract"', '"adopt"'],
  "audit.interval_secs": ["1", "86400"],
  "performance.max_event_queue": ["1", "1_000_000"],
  "performance.min_success_rate": ["0", "99.9", "100"],
  "health.max_stall_seconds": ["0.5", "3600"],
  "log.level": ['"emerg"', '"debug"'],
  "shutdown.timeout_secs": ["0.1", "600"],
  "http.listen": ["[]", '["0.0.0.0:1", "[::]:65535"]', '["127.0.0.1:9101"]'],
  "http.admin_socket": ['""', `"/${"a".repeat(89)}"`],
  "alerts.alertmanagers": ["[]", '["http://127.0.0.1:9093", "https://[::1]:9093/prefix/"]'],
  "alerts.webhooks": ['["https://hooks.example/T0?key=%20"]'],
  "alerts.instance": ['""', '"switch 1"'],
  "alerts.rules": ["[]", '[{ id = "redis_down" }]'],
  "standalone.port_patterns": ['["*"]', '["Ethernet?", "en*"]'],
};

describe("the schema", () => {
  test("has a row of refused values for every key", () => {
    expect(Object.keys(REFUSED)).toEqual([...KEYS.keys()]);
  });

  for (const [path, values] of Object.entries(REFUSED))
    test(`refuses for ${path} ${values.join(" ").slice(0, 90)}`, () => {
      for (const value of values) {
        const issues = parseConfig(setting(path, value), "f").issues ?? [];
        expect([value, issues.length]).toEqual([value, 1]);
        expect(issues[0]!.key).toStartWith(path);
        expect(issues[0]!.message).toEndWith(`is not allowed, allowed: ${KEYS.get(path)!.allowed}`);
      }
    });

  for (const [path, values] of Object.entries(ACCEPTED))
    test(`accepts for ${path} ${values.join(" ").slice(0, 90)}`, () => {
      for (const value of values) expect(issuesOf(setting(path, value))).toEqual([]);
    });

  test("reads minus zero as zero", () => {
    expect(Object.is(parseConfig("health.min_port_sync_rate = -0.0", "f").config?.health.min_port_sync_rate, 0)).toBe(
      true,
    );
    expect(Object.is(parseConfig("database.appl_db_number = -0.0", "f").config?.database.appl_db_number, 0)).toBe(true);
  });
});

function issuesOfFile(path: string, mustExist = true): string[] {
  return (loadConfig(path, { mustExist }).issues ?? []).map(formatIssue);
}

describe("loadConfig", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "portsyncd-config-"));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  function file(name: string, content: string | Uint8Array): string {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  }

  test("reads a file and names it in its issues", () => {
    expect(loadConfig(file("good", 'mode = "standalone"'), { mustExist: true }).config?.mode).toBe("standalone");
    const path = file("bad", "mode = 1");
    expect(issuesOfFile(path)).toEqual([`${path}:1:1: mode: 1 is not allowed, allowed: "sonic", "standalone"`]);
  });

  test("gives the defaults for an absent file only where it may be absent", () => {
    const path = join(folder, "absent");
    expect(loadConfig(path, { mustExist: false }).config).toEqual(DEFAULT_CONFIG);
    expect(issuesOfFile(path)).toEqual([`${path}: does not exist`]);
  });

  test("reports what is no readable file, even where it may be absent", () => {
    expect(issuesOfFile(folder, false)).toEqual([`${folder}: is a directory, a file is needed`]);
    const below = join(file("plain", ""), "x");
    expect(issuesOfFile(below, false)).toEqual([`${below}: cannot be read: ENOTDIR`]);
  });

  test("does not wait for the writer of a FIFO", () => {
    const path = join(folder, "fifo");
    Bun.spawnSync(["mkfifo", path]);
    expect(issuesOfFile(path)).toEqual([`${path}: is not a regular file`]);
  });

  test("takes /dev/null as an empty file", () => {
    expect(loadConfig("/dev/null", { mustExist: true }).config).toEqual(DEFAULT_CONFIG);
  });

  test("refuses more than a mebibyte, also from a device without an end", () => {
    expect(issuesOfFile("/dev/zero")).toEqual(["/dev/zero: is larger than 1048576 bytes, the most that is read"]);
    expect(issuesOfFile(file("most", "#".repeat(2 ** 20)))).toEqual([]);
    const path = file("more", "#".repeat(2 ** 20 + 1));
    expect(issuesOfFile(path)).toEqual([`${path}: is larger than 1048576 bytes, the most that is read`]);
  });

  test("refuses bytes that are not UTF-8, and a byte order mark", () => {
    const latin1 = file("latin1", new Uint8Array([0x23, 0xe9]));
    expect(issuesOfFile(latin1)).toEqual([`${latin1}: is not UTF-8, which TOML must be`]);
    const bom = file("bom", new Uint8Array([0xef, 0xbb, 0xbf]));
    expect(issuesOfFile(bom)).toEqual([`${bom}: starts with a byte order mark, remove it`]);
  });
});

describe("formatPath", () => {
  test("writes names as TOML does and indexes in brackets", () => {
    expect(formatPath(["a", "b c", 1])).toBe('a."b c"[1]');
  });
});
