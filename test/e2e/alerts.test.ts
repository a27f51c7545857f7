import { expect } from "bun:test";

import { stringify } from "smol-toml";

import { Alertmanager, canUseAlertmanager } from "../support/alertmanager.ts";
import type { Daemon, DaemonConfig } from "../support/daemon.ts";
import { canUseNamespaces } from "../support/namespace.ts";
import { canUseRedis } from "../support/redis.ts";
import { all } from "../support/requirement.ts";
import { Switch } from "../support/switch.ts";
import { testWith } from "../support/testwith.ts";
import { builtBinary } from "./binary.ts";

const able = all(canUseNamespaces(), canUseRedis(), canUseAlertmanager());

type Rule = Readonly<Record<string, string | number | boolean>>;

/** A rule that is met as long as a port is in STATE_DB. */
const PORTS: Rule = {
  id: "ports_there",
  metric: "portsyncd_ports",
  condition: "above",
  threshold: 0,
  severity: "critical",
};

class AlertingSwitch implements AsyncDisposable {
  readonly alertmanager: Alertmanager;
  readonly #box: Switch;

  private constructor(box: Switch) {
    this.#box = box;
    this.alertmanager = Alertmanager.create(box.namespace);
  }

  static async open(): Promise<AlertingSwitch> {
    const box = await Switch.open();
    await box.links.add(["Ethernet0"], { up: true, carrier: true });
    return new AlertingSwitch(box);
  }

  /** Starts the daemon; no proxy may come between it and whom it tells. */
  async start(rules: readonly Rule[]): Promise<Daemon> {
    const env = { http_proxy: "http://127.0.0.1:9", HTTP_PROXY: "http://127.0.0.1:9" };
    const daemon = await this.#box.start({ binary: await builtBinary(), config: this.#config(rules), env });
    await daemon.waitForLog(/1 of them ports/);
    return daemon;
  }

  /** Changes the rules and sends SIGHUP. */
  async reload(daemon: Daemon, rules: readonly Rule[]): Promise<void> {
    await Bun.write(`${this.#box.directory}/portsyncd.conf`, stringify(this.#config(rules)));
    daemon.signal("SIGHUP");
  }

  /** The rows of STATE_DB follow the kernel. */
  async expectWell(): Promise<void> {
    await this.#box.links.mtu(1400, "Ethernet0");
    await this.#box.expectStateEqualsKernel(["Ethernet0"]);
  }

  #config(rules: readonly Rule[]): DaemonConfig {
    return {
      mode: "standalone",
      log: { level: "info" },
      http: { listen: [], admin_socket: "" },
      database: { sonic_db_config: this.#box.db.configPath },
      alerts: { alertmanagers: [this.alertmanager.url], instance: "switch1", rules },
    } as unknown as DaemonConfig;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.alertmanager[Symbol.asyncDispose]();
    await this.#box[Symbol.asyncDispose]();
  }
}

testWith(
  able,
  "The daemon tells Alertmanager of a rule of its file when that can be reached, and of its end when SIGHUP disables it",
  async () => {
    await using bed = await AlertingSwitch.open();
    const daemon = await bed.start([PORTS]);
    await daemon.waitForLog(/ERROR .*ports_there is firing: .*is 1 \(allowed: at most 0\)/, 15);
    await daemon.waitForLog(/"?alertmanager http:\/\/127\.0\.0\.1:9093"? cannot be told of alerts: .*ECONNREFUSED/);
    await bed.expectWell();
    await bed.alertmanager.start();
    const [alert] = await bed.alertmanager.until(1, 60);
    expect(alert!.labels).toEqual({
      alertname: "ports_there",
      rule: "ports_there",
      severity: "critical",
      instance: "switch1",
    });
    await daemon.waitForLog(/is told of alerts again/);
    await bed.reload(daemon, [{ ...PORTS, enabled: false }]);
    await daemon.waitForLog(/changed: "?alerts\.rules/);
    await bed.alertmanager.until(0);
    expect(daemon.lines.filter((line) => /redis_down|netlink_down|pending/.test(line))).toEqual([]);
  },
  120,
);

testWith(able, "SIGHUP with a rule that cannot be keeps the rules as they are, and says where it is", async () => {
  await using bed = await AlertingSwitch.open();
  const daemon = await bed.start([]);
  await bed.reload(daemon, [{ ...PORTS, metric: "portsyncd_port" }]);
  await daemon.waitForLog(/portsyncd\.conf:\d+:1: alerts\.rules\[0\]\.metric: there is no metric .*portsyncd_port/);
  await daemon.waitForLog(/the configuration is kept as it was/);
  await bed.reload(daemon, [PORTS]);
  await daemon.waitForLog(/changed: "?alerts\.rules/);
  await daemon.waitForLog(/ERROR .*ports_there is firing/, 15);
});
