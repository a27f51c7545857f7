import { type Child, eachLine } from "./child.ts";
import { waitUntil } from "./deadline.ts";
import { Namespace } from "./namespace.ts";
import { needsCommands, type Requirement } from "./requirement.ts";
import { TempDir } from "./tempdir.ts";

const CONFIG = "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n";

/** That Alertmanager and its client are there: Debian's package is prometheus-alertmanager. */
export function canUseAlertmanager(): Requirement {
  return needsCommands("prometheus-alertmanager", "amtool");
}

/** An alert as Alertmanager shows it, as far as tests look at it. */
export interface ShownAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly fingerprint: string;
  readonly generatorURL?: string;
}

/** A real Alertmanager on the loopback of a network namespace; it goes away with its owner. */
export class Alertmanager implements AsyncDisposable {
  readonly #namespace: Namespace;
  readonly #directory = new TempDir();
  readonly url: string;
  #child: Child | undefined;

  private constructor(namespace: Namespace, port: number) {
    this.#namespace = namespace;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** One that does not run yet. */
  static create(namespace = Namespace.current): Alertmanager {
    return new Alertmanager(namespace, namespace === Namespace.current ? freePort() : 9093);
  }

  /** Starts it; resolves when it answers. */
  async start(): Promise<void> {
    const config = this.#directory.file("alertmanager.yml");
    await Bun.write(config, CONFIG);
    const options = [
      `--config.file=${config}`,
      `--storage.path=${this.#directory.path}`,
      `--web.listen-address=${new URL(this.url).host}`,
      "--cluster.listen-address=",
    ];
    const child = (this.#child = this.#namespace.spawn(["prometheus-alertmanager", ...options]));
    const lines: string[] = [];
    for (const stream of [child.stdout, child.stderr]) void eachLine(stream, (line) => lines.push(line));
    await waitUntil("Alertmanager", () => this.#query().then(Array.isArray, () => false), {
      seconds: 20,
      everyMs: 50,
      hopeless: () => (child.exitCode === null ? undefined : lines.slice(-3).join(" | ")),
    });
  }

  /** The alerts that have not ended, by its own client. */
  alerts(): Promise<readonly ShownAlert[]> {
    return this.#query();
  }

  /** Waits until it has so many alerts. */
  async until(count: number, seconds = 20): Promise<readonly ShownAlert[]> {
    let last: readonly ShownAlert[] = [];
    const has = async () => (last = await this.alerts()).length === count && { alerts: last };
    return (await waitUntil(`${count} alerts`, has, { seconds, everyMs: 50, seen: () => last })).alerts;
  }

  async #query(): Promise<readonly ShownAlert[]> {
    const text = await this.#namespace.run([
      "amtool",
      `--alertmanager.url=${this.url}`,
      "alert",
      "query",
      "-o",
      "json",
    ]);
    return JSON.parse(text) as readonly ShownAlert[];
  }

  /** SIGKILL. */
  async stop(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#directory[Symbol.asyncDispose]();
  }
}

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
