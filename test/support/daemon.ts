import { existsSync, readdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";

import { stringify } from "smol-toml";

import { type Child, eachLine } from "./child.ts";
import { waitUntil, within } from "./deadline.ts";
import { Namespace } from "./namespace.ts";

const ROOT = join(import.meta.dir, "../..");
const SOURCE = join(ROOT, "src/main.ts");
/** USER_HZ, the unit of CPU time in /proc. */
const CLOCK_TICKS = 100;

type ConfigValue = string | number | boolean | readonly string[];

/** A configuration file: keys and sections of keys, written as TOML. */
export type DaemonConfig = Readonly<Record<string, ConfigValue | Readonly<Record<string, ConfigValue>>>>;

/** How a daemon is started. */
export interface DaemonOptions {
  /** A directory of the caller's for the configuration file. */
  readonly directory: string;
  readonly namespace?: Namespace;
  /** The path of database_config.json, for `database.sonic_db_config`. */
  readonly databaseConfig?: string;
  readonly config?: DaemonConfig;
  /** After `--config FILE`; a later option wins over an earlier one. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The executable; default $PORTSYNCD_BINARY, and without that the sources. */
  readonly binary?: string | undefined;
  /** Sees every line that it prints. */
  readonly onLine?: (line: string) => void;
}

/** What a process has used so far. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly rssKib: number;
  readonly anonymousKib: number;
  readonly openFiles: number;
}

// Of the session that runs the tests, not of the daemon under test.
const NOT_INHERITED = {
  NOTIFY_SOCKET: undefined,
  WATCHDOG_USEC: undefined,
  WATCHDOG_PID: undefined,
  INVOCATION_ID: undefined,
  JOURNAL_STREAM: undefined,
  BUN_OPTIONS: undefined,
};

/** Several daemons may run in one network, and none of them is the machine's. */
const NO_SERVERS = { listen: [], admin_socket: "" };

/** The words that start the daemon: $PORTSYNCD_BINARY or, without it, the sources. */
export function daemonCommand(binary = process.env["PORTSYNCD_BINARY"]): string[] {
  return binary ? [binary] : [process.execPath, "--no-env-file", SOURCE];
}

/** dist/portsyncd, or undefined when it was not built or the sources are newer. */
export function freshBinary(): string | undefined {
  const binary = join(ROOT, "dist/portsyncd");
  if (!existsSync(binary)) return undefined;
  const builtMs = Bun.file(binary).lastModified;
  const sources = [
    ...new Bun.Glob("{src,ffi}/**/*").scanSync({ cwd: ROOT, absolute: true }),
    join(ROOT, "package.json"),
  ];
  return sources.every((file) => Bun.file(file).lastModified <= builtMs) ? binary : undefined;
}

/** A daemon under test; it is killed with its owner. */
export class Daemon implements AsyncDisposable {
  /** All it printed, stdout and stderr, in the order of arrival. */
  readonly lines: string[] = [];
  readonly stdout: string[] = [];
  /** When it was started, on performance.now(). */
  readonly startedMs: number;
  readonly #child: Child;
  readonly #output: Promise<unknown>;
  readonly #watchers = new Set<() => void>();

  private constructor(child: Child, startedMs: number, onLine: (line: string) => void = () => {}) {
    this.#child = child;
    this.startedMs = startedMs;
    const see = (line: string) => {
      this.lines.push(line);
      onLine(line);
      for (const watcher of this.#watchers) watcher();
    };
    const seeStdout = (line: string) => {
      this.stdout.push(line);
      see(line);
    };
    this.#output = Promise.all([eachLine(child.stdout, seeStdout), eachLine(child.stderr, see), child.exited]);
  }

  /** Starts it; does not wait for anything. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const file = join(options.directory, "portsyncd.conf");
    const { databaseConfig, config = {} } = options;
    const database = {
      ...(databaseConfig === undefined ? {} : { sonic_db_config: databaseConfig }),
      ...(config["database"] as DaemonConfig | undefined),
    };
    const store = { directory: join(options.directory, "store"), ...(config["store"] as DaemonConfig | undefined) };
    const http = { ...NO_SERVERS, ...(config["http"] as DaemonConfig | undefined) };
    const written = { ...config, store, http, ...(Object.keys(database).length > 0 ? { database } : {}) };
    await Bun.write(file, stringify(written));
    const args = ["--config", file, ...(options.args ?? [])];
    const startedMs = performance.now();
    const child = (options.namespace ?? Namespace.current).spawn([...daemonCommand(options.binary), ...args], {
      env: { ...NOT_INHERITED, ...options.env },
      cwd: options.directory,
    });
    return new Daemon(child, startedMs, options.onLine);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Its exit code, or 128 and the signal's number; undefined while it runs. */
  get exitCode(): number | undefined {
    const { exitCode, signalCode } = this.#child;
    if (signalCode !== null) return 128 + constants.signals[signalCode as NodeJS.Signals];
    return exitCode ?? undefined;
  }

  /** Waits for a line that matches and returns it; fails at once when the daemon ends without one. */
  async waitForLog(pattern: RegExp, seconds = 10): Promise<string> {
    const found = Promise.withResolvers<string>();
    let next = 0;
    const look = () => {
      for (; next < this.lines.length; next++) {
        if (pattern.test(this.lines[next]!)) found.resolve(this.lines[next]!);
      }
    };
    look();
    this.#watchers.add(look);
    void this.#output.then(() =>
      found.reject(new Error(`the daemon ended (exit ${this.exitCode}) without ${pattern}`)),
    );
    try {
      return await within(`line like ${pattern}`, found.promise, seconds);
    } catch (error) {
      throw new Error(`${(error as Error).message}; its last lines:\n${this.lines.slice(-15).join("\n")}`, {
        cause: error,
      });
    } finally {
      this.#watchers.delete(look);
    }
  }

  /** Waits for its end and returns the exit code as in `exitCode`. */
  async exited(seconds = 10): Promise<number> {
    await within(
      `end of the daemon; its last lines:\n${this.lines.slice(-15).join("\n")}\n`,
      this.#child.exited,
      seconds,
    );
    await within("end of the daemon's output", this.#output, 5);
    return this.exitCode!;
  }

  /** Sends a signal. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** SIGTERM, and the exit code. */
  async stop(seconds = 10): Promise<number> {
    this.signal("SIGTERM");
    return this.exited(seconds);
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.exited(5);
  }

  /** SIGSTOP; returns when it has stopped. */
  async freeze(): Promise<void> {
    this.signal("SIGSTOP");
    await waitUntil("stop of the daemon", () => /\) T/.test(this.#proc("stat")), { everyMs: 1 });
  }

  /** SIGCONT. */
  thaw(): void {
    this.signal("SIGCONT");
  }

  /** Its CPU time and memory, from /proc. */
  usage(): Usage {
    const stat = this.#proc("stat")
      .replace(/^.*\) /s, "")
      .split(" ");
    const status = this.#proc("status");
    const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? Number.NaN);
    return {
      cpuSeconds: (Number(stat[11]) + Number(stat[12])) / CLOCK_TICKS,
      rssKib: kib("VmRSS"),
      anonymousKib: kib("RssAnon"),
      openFiles: readdirSync(`/proc/${this.pid}/fd`).length,
    };
  }

  #proc(file: string): string {
    return readFileSync(`/proc/${this.pid}/${file}`, "latin1");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.exitCode === undefined) await this.kill();
  }
}
