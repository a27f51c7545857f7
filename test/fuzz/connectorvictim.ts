import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Writer } from "../../src/swss/database.ts";
import { type Child, DIES_WITH_US, eachLine, spawnChild } from "../support/child.ts";
import { within } from "../support/deadline.ts";
import { HostileServer, type Hostility } from "./hostileserver.ts";

const PROGRAM = join(import.meta.dir, "connectorprogram.ts");
const PATIENCE_SECONDS = 10;

/** How the process is started. */
export interface VictimOptions {
  /** How long it waits for an answer; the default is short, so that what never comes does not take long. */
  readonly answerMs?: number;
  /** What writes; the default is node-redis. */
  readonly writer?: Writer;
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

interface Said {
  readonly path: string;
  readonly what: "connected" | "settled" | "lost" | "failed" | "right" | "closed" | "wrong";
  readonly detail: string;
}

/** A process of its own with the daemon's connector in it, so that neither its end nor its hanging takes the tests along. */
export class ConnectorVictim implements AsyncDisposable {
  readonly #directory: string;
  readonly #child: Child;
  readonly #said = new Map<string, Said[]>();
  readonly #errors: string[] = [];
  readonly #watchers = new Set<() => void>();
  #servers = 0;
  #ended = false;

  /** The directory is for sockets. */
  constructor(directory: string, { answerMs = 150, writer = "node-redis", env = {} }: VictimOptions = {}) {
    this.#directory = directory;
    const command = [process.execPath, PROGRAM, `${answerMs}`, writer];
    this.#child = spawnChild([...DIES_WITH_US, ...command], { stdin: "pipe", env });
    const ended = Promise.all([
      eachLine(this.#child.stdout, (line) => this.#hear(JSON.parse(line) as Said)),
      eachLine(this.#child.stderr, (line) => this.#errors.push(line)),
    ]);
    void ended.then(() => {
      this.#ended = true;
      this.#look();
    });
  }

  /** What it has in memory now, in KiB. */
  get rssKib(): number {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.#child.pid}/status`, "latin1"))?.[1]);
  }

  /**
   * Lets it meet a server that does something wrong and then behaves, and returns how its work with the first ended; undefined
   * when the connection ended before. Throws unless it ends everything that it began with a value or with an error of ours,
   * is connected again afterwards, gets what it asks for, and leaves no connection open in the end.
   */
  async meet(hostility: Hostility): Promise<readonly string[] | undefined> {
    const path = join(this.#directory, `${++this.#servers}`);
    using server = new HostileServer(path, hostility);
    this.#tell(`open ${path}`);
    await this.#until(path, "settled", "lost", "failed");
    const settled = this.#said.get(path)!.find(({ what }) => what === "settled");
    server.behave();
    await this.#until(path, "right");
    this.#tell(`close ${path}`);
    await this.#until(path, "closed");
    await within("end of all connections", server.empty(), PATIENCE_SECONDS);
    const wrong = this.#said.get(path)!.find(({ what }) => what === "wrong");
    this.#said.delete(path);
    if (wrong) throw new Error(wrong.detail);
    return settled?.detail.split(" ");
  }

  #tell(line: string): void {
    if (this.#ended) throw new Error(`the process has ended: ${this.#errors.join("\n")}`);
    void this.#child.stdin!.write(`${line}\n`);
    void this.#child.stdin!.flush();
  }

  #hear(said: Said): void {
    const all = this.#said.get(said.path);
    if (all) all.push(said);
    else this.#said.set(said.path, [said]);
    this.#look();
  }

  #look(): void {
    for (const look of this.#watchers) look();
  }

  /** Waits until one of these was said of a server. */
  async #until(path: string, ...whats: readonly Said["what"][]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (this.#said.get(path)?.some(({ what }) => whats.includes(what))) resolve();
      else if (this.#ended) reject(new Error(`the process has ended: ${this.#errors.join("\n")}`));
    };
    this.#watchers.add(look);
    look();
    try {
      await within(`"${whats.join('" or "')}" of the connector`, promise, PATIENCE_SECONDS);
    } catch (error) {
      const said = this.#said.get(path)?.map(({ what, detail }) => `${what} ${detail}`);
      throw new Error(`${(error as Error).message}; it said:\n${said?.slice(-10).join("\n")}`, { cause: error });
    } finally {
      this.#watchers.delete(look);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }
}
