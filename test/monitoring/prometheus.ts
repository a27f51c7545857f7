import type { Child } from "../support/child.ts";
import { eachLine } from "../support/child.ts";
import { waitUntil, within } from "../support/deadline.ts";
import { Namespace } from "../support/namespace.ts";
import { needsCommands } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { NamespaceClient } from "../watch/namespaceclient.ts";

/** Whether a Prometheus can be started here. */
export const canUsePrometheus = needsCommands("prometheus");

/** What Prometheus scrapes. */
export interface Target {
  readonly instance: string;
  readonly port: number;
}

/** A series of an answer. */
export interface Answer {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A series of an answer over time. */
export interface AnswerOverTime {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [seconds: number, value: number])[];
}

interface Result {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
  readonly values: readonly (readonly [number, string])[];
}

interface RuleState {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
}

/** An alert that is pending or fires. */
export interface Alert {
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Where a Prometheus runs, and whom it tells of alerts. */
export interface PrometheusOptions {
  /** Default that of the test. */
  readonly namespace?: Namespace;
  /** `host:port` of an Alertmanager. */
  readonly alertmanager?: string;
  /** Added to the labels of the alerts that others are told of. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A port of loopback that is free for now. */
function freePort(): number {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const { port } = server;
  void server.stop(true);
  return port!;
}

function numberOf(text: string): number {
  return Number(text.replace("Inf", "Infinity"));
}

/** A real Prometheus on loopback that scrapes each second; it dies with its owner. */
export class Prometheus implements AsyncDisposable {
  readonly #dir = new TempDir();
  readonly #url: string;
  readonly #options: PrometheusOptions;
  /** Who can reach it, when the test cannot. */
  readonly #client: NamespaceClient | undefined;
  #child: Child | undefined;
  readonly #said: string[] = [];

  private constructor(port: number, options: PrometheusOptions) {
    this.#url = `http://127.0.0.1:${port}`;
    this.#options = options;
    this.#client = options.namespace && new NamespaceClient(options.namespace);
  }

  /** Starts one with alerting and recording rules; returns when it answers. */
  static async start(targets: readonly Target[], rules: string, options: PrometheusOptions = {}): Promise<Prometheus> {
    const port = options.namespace ? 9090 : freePort();
    const prometheus = new Prometheus(port, options);
    await prometheus.#start(port, targets, rules);
    return prometheus;
  }

  async #start(port: number, targets: readonly Target[], rules: string): Promise<void> {
    const { namespace = Namespace.current, alertmanager, labels = {} } = this.#options;
    const configuration = {
      global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s", external_labels: labels },
      ...(alertmanager !== undefined && {
        alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
      }),
      rule_files: ["rules.yml"],
      scrape_configs: [
        {
          job_name: "portsyncd",
          static_configs: targets.map((target) => ({
            targets: [`127.0.0.1:${target.port}`],
            labels: { instance: target.instance },
          })),
        },
      ],
    };
    await Bun.write(this.#dir.file("prometheus.yml"), JSON.stringify(configuration)); // JSON is YAML
    await Bun.write(this.#dir.file("rules.yml"), rules.replace(/^( +)interval: 15s$/m, "$1interval: 1s"));
    const words = [
      `--config.file=${this.#dir.file("prometheus.yml")}`,
      `--storage.tsdb.path=${this.#dir.file("data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
    ];
    this.#child = namespace.spawn(["prometheus", ...words]);
    for (const stream of [this.#child.stdout, this.#child.stderr])
      void eachLine(stream, (line) => this.#said.push(line));
    const isReady = () =>
      this.#get(`${this.#url}/-/ready`).then(
        ({ status }) => status === 200,
        () => false,
      );
    await waitUntil("Prometheus", isReady, {
      seconds: 30,
      everyMs: 50,
      hopeless: () => (this.#child!.exitCode === null ? undefined : this.#said.slice(-5).join(" | ")),
      seen: () => this.#said.slice(-5),
    });
  }

  /** What an expression is at a time, in seconds since 1970; throws what Prometheus has to say against it. */
  async query(expression: string, atSeconds?: number): Promise<Answer[]> {
    const time = atSeconds === undefined ? {} : { time: `${atSeconds}` };
    const { result } = await this.#ask<{ result: Result[] }>("query", { query: expression, ...time });
    return result.map(({ metric, value }) => ({ labels: metric, value: numberOf(value[1]) }));
  }

  /** The same from one time to another. */
  async queryRange(expression: string, start: number, end: number, step: number): Promise<AnswerOverTime[]> {
    const range = { start: `${start}`, end: `${end}`, step: `${step}` };
    const { result } = await this.#ask<{ result: Result[] }>("query_range", { query: expression, ...range });
    return result.map(({ metric, values }) => ({
      labels: metric,
      points: values.map(([seconds, value]) => [seconds, numberOf(value)] as const),
    }));
  }

  /** The series that a selector has found so far. */
  async series(selector: string): Promise<Record<string, string>[]> {
    return this.#ask("series", { "match[]": selector });
  }

  /** The rules, and whether they could be evaluated. */
  async rules(): Promise<RuleState[]> {
    const { groups } = await this.#ask<{ groups: { rules: RuleState[] }[] }>("rules");
    return groups.flatMap(({ rules }) => rules);
  }

  /** The alerts that are pending or fire. */
  async alerts(): Promise<Alert[]> {
    return (await this.#ask<{ alerts: Alert[] }>("alerts")).alerts;
  }

  async #ask<Data>(what: string, parameters: Readonly<Record<string, string>> = {}): Promise<Data> {
    const url = `${this.#url}/api/v1/${what}?${new URLSearchParams(parameters)}`;
    const { body } = await within(`answer to ${what}`, this.#get(url), 20);
    const answer = JSON.parse(body) as { status: string; error?: string; data: Data };
    if (answer.status !== "success") throw new Error(`${answer.error}: ${Object.values(parameters)[0]}`);
    return answer.data;
  }

  async #get(url: string): Promise<{ readonly status: number; readonly body: string }> {
    if (this.#client) return this.#client.ask({ do: "get", url });
    const response = await fetch(url);
    return { status: response.status, body: await response.text() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
    await this.#dir[Symbol.asyncDispose]();
  }
}
