import { readFileSync } from "node:fs";
import { join } from "node:path";

import { DEFAULT_CONFIG } from "../../src/config/schema.ts";
import type { Response } from "../../src/http/v1/schema.ts";
import { runPortsyncd } from "../cli/portsyncd.ts";
import { canUseFaultBed, FaultBed } from "../faults/faultbed.ts";
import { refill, snapshot } from "../faults/refill.ts";
import { parseExposition, seriesOf } from "../metrics/exposition.ts";
import { canUsePrometheus, Prometheus } from "../monitoring/prometheus.ts";
import { Alertmanager, canUseAlertmanager, type ShownAlert } from "../support/alertmanager.ts";
import type { DaemonConfig } from "../support/daemon.ts";
import { waitUntil } from "../support/deadline.ts";
import { encodeSetMtu } from "../support/linkmessage.ts";
import { all } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { NotifySocket } from "../systemd/notifysocket.ts";
import { type Answer, NamespaceClient } from "../watch/namespaceclient.ts";
import type { AlertStates } from "./alertrecord.ts";

/** What an incident needs. */
export const canHaveIncident = all(canUseFaultBed, canUsePrometheus, canUseAlertmanager());

/** What only the alerts that come by way of Prometheus have. */
const BY_PROMETHEUS = { told_by: "prometheus" };
/** Larger than what any step but an overrun queues up. */
const RECEIVE_BUFFER_BYTES = 262_144;
/** More than that has room for. */
const OVERRUN_MESSAGES = 3000;
const LEAST_MTU = 2000;

/** A rule of the configuration file. */
export type Rule = Readonly<Record<string, string | number | boolean>>;

interface Parts {
  readonly bed: FaultBed;
  readonly files: TempDir;
  readonly notify: NotifySocket;
  readonly alertmanager: Alertmanager;
  readonly prometheus: Prometheus;
  readonly client: NamespaceClient;
}

/**
 * A switch that runs: the compiled daemon on a real kernel and a real Redis, a real Prometheus that scrapes it each second and
 * has the rules that it exports, and a real Alertmanager that both tell of alerts.
 */
export class TroubledSwitch implements AsyncDisposable {
  /** What systemd is told. */
  readonly notify: NotifySocket;
  readonly bed: FaultBed;
  readonly #parts: Parts;
  readonly #owned: AsyncDisposableStack;

  private constructor(owned: AsyncDisposableStack, parts: Parts) {
    this.#owned = owned;
    this.#parts = parts;
    this.bed = parts.bed;
    this.notify = parts.notify;
  }

  /** Opens one with these rules in its configuration; returns when all is well, and Prometheus knows. */
  static async open(rules: readonly Rule[]): Promise<TroubledSwitch> {
    const owned = new AsyncDisposableStack();
    try {
      const files = owned.use(new TempDir());
      const notify = owned.use(await NotifySocket.open(files.file("notify")));
      const config = configFor(files, rules);
      const bed = owned.use(await FaultBed.open({ ports: 4, config, env: { NOTIFY_SOCKET: notify.path } }));
      const { namespace } = bed.box;
      const alertmanager = owned.use(Alertmanager.create(namespace));
      await alertmanager.start();
      const exported = await commandOf(bed, "export", "prometheus-rules", "--out", files.path);
      const prometheus = owned.use(
        await Prometheus.start([{ instance: "switch1", port: 9101 }], readFileSync(exported.trim(), "utf8"), {
          namespace,
          alertmanager: new URL(alertmanager.url).host,
          labels: BY_PROMETHEUS,
        }),
      );
      const client = new NamespaceClient(namespace);
      const it = new TroubledSwitch(owned, { bed, files, notify, alertmanager, prometheus, client });
      await waitUntil("scrape", async () => (await prometheus.query("portsyncd_health_score == 100")).length === 1);
      return it;
    } catch (error) {
      await owned.disposeAsync();
      throw error;
    }
  }

  /** What the daemon answers on its port. */
  get(path: string): Promise<Answer> {
    return this.#parts.client.get(path);
  }

  /** The alerts of the daemon. */
  async alertsOfDaemon(): Promise<AlertStates> {
    const { alerts } = JSON.parse((await this.get("/api/v1/alerts")).body) as Response<"Alerts">;
    return new Map(alerts.map(({ rule, port, state }) => [nameOf(rule, port), state]));
  }

  /** The alerts of Prometheus. */
  async alertsOfPrometheus(): Promise<AlertStates> {
    const alerts = await this.#parts.prometheus.alerts();
    return new Map(alerts.map(({ labels, state }) => [nameOf(labels["alertname"]!, labels["port"]), state]));
  }

  /** The alerts of Alertmanager, by who told it of them. */
  async alertsOfAlertmanager(): Promise<{ daemon: string[]; prometheus: string[] }> {
    const names = (alerts: readonly ShownAlert[]) =>
      alerts.map(({ labels }) => nameOf(labels["alertname"]!, labels["port"])).sort();
    const alerts = await this.#parts.alertmanager.alerts();
    const isTold = ({ labels }: ShownAlert) => labels["told_by"] === BY_PROMETHEUS.told_by;
    return { daemon: names(alerts.filter((alert) => !isTold(alert))), prometheus: names(alerts.filter(isTold)) };
  }

  /** Waits until Alertmanager was told of these alerts and no others, by both. */
  async untilTold(...alerts: readonly string[]): Promise<void> {
    let last: unknown;
    const isTold = async () =>
      Bun.deepEquals((last = await this.alertsOfAlertmanager()), { daemon: alerts, prometheus: alerts });
    await waitUntil(`${alerts.join()} in Alertmanager`, isTold, { seconds: 30, everyMs: 50, seen: () => last });
  }

  /** Some of the daemon's series as they are now, without what all their names begin with. */
  async gauges(...names: readonly string[]): Promise<Record<string, number | undefined>> {
    const series = seriesOf(parseExposition((await this.get("/metrics")).body));
    return Object.fromEntries(names.map((name) => [name, series.get(`portsyncd_${name}`)]));
  }

  /** Waits until a series of the daemon has a value. */
  async until(name: string, value: number): Promise<void> {
    let last: number | undefined;
    const has = async () => (last = (await this.gauges(name))[name]) === value;
    await waitUntil(`${name} ${value}`, has, { seen: () => last });
  }

  /** What a command of the program prints. */
  command(...args: readonly string[]): Promise<string> {
    return commandOf(this.bed, ...args);
  }

  /** Kills Redis, with all it holds; what is returned brings it back with what others fill into it, which is not the state of ports. */
  async killRedis(): Promise<() => Promise<void>> {
    const { db } = this.bed.box;
    const before = await snapshot(db);
    const server = db.server("STATE_DB");
    await server.kill();
    return async () => {
      await server.start();
      await db.connect();
      await refill(db, before, ["CONFIG_DB", "APPL_DB"]);
    };
  }

  /** Takes carrier from a port and gives it back, so often; the daemon sees each change before the next. */
  async flap(port: string, times: number): Promise<void> {
    for (let i = 0; i < times; i++)
      for (const isUp of [false, true]) {
        await this.bed.box.links.carrier(isUp, port);
        await this.until(`port_oper_up{port="${port}"}`, Number(isUp));
      }
  }

  /** Has more happen at once than the receive buffer of the daemon holds. */
  async overrun(port: string): Promise<void> {
    const { daemon, requests } = this.bed;
    const { ifindex } = requests.dump().get(port)!;
    await daemon.freeze();
    for (let i = 0; i < OVERRUN_MESSAGES; i++) requests.send(encodeSetMtu(ifindex, LEAST_MTU + i));
    daemon.thaw();
    await this.until("netlink_overruns_total", 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}

function nameOf(rule: string, port: string | null | undefined): string {
  return port ? `${rule} ${port}` : rule;
}

function configFor(files: TempDir, rules: readonly Rule[]): DaemonConfig {
  return {
    log: { level: "info" },
    http: { listen: [...DEFAULT_CONFIG.http.listen], admin_socket: files.file("admin.sock") },
    netlink: { receive_buffer_bytes: RECEIVE_BUFFER_BYTES },
    alerts: { alertmanagers: ["http://127.0.0.1:9093"], instance: "switch1", rules },
  } as unknown as DaemonConfig;
}

async function commandOf({ box }: FaultBed, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runPortsyncd(...args, "--config", join(box.directory, "portsyncd.conf"));
  if (code !== 0) throw new Error(`portsyncd ${args.join(" ")}: exit ${code}: ${stderr}`);
  return stdout;
}
