import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { diffConfig, mergeLive } from "../../src/config/reload.ts";
import { type Config, DEFAULT_CONFIG, KEYS } from "../../src/config/schema.ts";
import { configs } from "./configs.ts";

describe("diffConfig", () => {
  test("finds nothing between equal configurations", () => {
    expect(diffConfig(DEFAULT_CONFIG, structuredClone(DEFAULT_CONFIG))).toEqual({ live: [], restart: [] });
  });

  test("sorts what changed by what it takes", () => {
    const loaded: Config = {
      ...DEFAULT_CONFIG,
      mode: "standalone",
      database: { ...DEFAULT_CONFIG.database, redis_port: 1 },
      performance: { ...DEFAULT_CONFIG.performance, max_event_queue: 5 },
      log: { ...DEFAULT_CONFIG.log, level: "debug" },
      standalone: { port_patterns: ["eth*"] },
    };
    expect(diffConfig(DEFAULT_CONFIG, loaded)).toEqual({
      live: ["performance.max_event_queue", "log.level"],
      restart: ["mode", "database.redis_port", "standalone.port_patterns"],
    });
  });
});

describe("mergeLive", () => {
  test("lets a level that the file no longer names go", () => {
    const running: Config = { ...DEFAULT_CONFIG, log: { ...DEFAULT_CONFIG.log, level: "debug" } };
    expect(mergeLive(running, DEFAULT_CONFIG).log.level).toBeUndefined();
  });

  test("takes over the live keys, all of them and no other", () => {
    fc.assert(
      fc.property(configs, configs, (running, loaded) => {
        const merged = mergeLive(running, loaded);
        const before = diffConfig(running, loaded);
        expect(diffConfig(running, merged)).toEqual({ live: before.live, restart: [] });
        expect(diffConfig(merged, loaded)).toEqual({ live: [], restart: before.restart });
      }),
    );
  });
});

describe("the schema", () => {
  test("keeps what is bound at the start for a restart, and what each turn reads live", () => {
    const live = [...KEYS].filter(([, key]) => key.live).map(([path]) => path);
    expect(live).toEqual([
      "audit.interval_secs",
      "performance.max_event_queue",
      "performance.batch_timeout_ms",
      "performance.max_latency_us",
      "performance.min_success_rate",
      "health.enable_watchdog",
      "health.watchdog_interval_secs",
      "health.max_stall_seconds",
      "health.max_failure_rate_percent",
      "health.min_port_sync_rate",
      "log.level",
      "log.format",
      "shutdown.timeout_secs",
      "alerts.alertmanagers",
      "alerts.webhooks",
      "alerts.external_url",
      "alerts.ca",
      "alerts.timeout_secs",
      "alerts.rules",
    ]);
  });
});
