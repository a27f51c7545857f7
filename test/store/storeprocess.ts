import { join } from "node:path";

import type { BadBackup, HistoryLoss, Recovery, StoreState, StoreStatus } from "../../src/store/status.ts";
import { type Child, DIES_WITH_US, eachLine, spawnChild } from "../support/child.ts";
import { waitUntil, within } from "../support/deadline.ts";

const PROGRAM = join(import.meta.dir, "storeprogram.ts");

/** What a store in another process said: one of these at a time. */
export interface Said {
  readonly state?: StoreState;
  readonly reason?: string;
  readonly recovery?: Recovery;
  readonly loss?: HistoryLoss;
  readonly badBackup?: BadBackup;
  readonly saved?: number;
  readonly status?: StoreStatus;
  readonly turns?: number;
  readonly filled?: boolean;
  readonly sh?: number;
  readonly closed?: boolean;
}

/** A store in a process of its own, which can be killed, and be given a disk that misbehaves. */
export class StoreProcess implements AsyncDisposable {
  /** All that it said. */
  readonly said: Said[] = [];
  readonly #child: Child;
  #seen = 0;

  /** `prefix` goes before the command, as unshare(1) does; `words` behind it. */
  constructor(
    directory: string,
    prefix: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
    words: readonly string[] = [],
  ) {
    const command = [...prefix, process.execPath, "--no-env-file", PROGRAM, directory, ...words];
    this.#child = spawnChild([...DIES_WITH_US, ...command], { stdin: "pipe", env });
    void eachLine(this.#child.stdout, (line) => this.said.push(JSON.parse(line) as Said));
  }

  /** Sends a command; see storeprogram.ts. */
  tell(command: string): void {
    const stdin = this.#child.stdin!;
    void stdin.write(`${command}\n`);
    void stdin.flush();
  }

  /** The next thing said, after the one that was returned last, for which `is` holds. */
  async hear(what: string, is: (said: Said) => boolean): Promise<Said> {
    const found = await waitUntil(
      what,
      () => {
        const at = this.said.findIndex((said, i) => i >= this.#seen && is(said));
        if (at >= 0) this.#seen = at + 1;
        return at >= 0 && this.said[at];
      },
      { seconds: 20, seen: () => this.said.slice(-5), hopeless: () => this.#ended() },
    );
    return found;
  }

  /** Asks for its status and returns the answer. */
  status(): Promise<Said> {
    this.tell("status");
    return this.hear("status", ({ status }) => status !== undefined);
  }

  /** Its process. */
  get pid(): number {
    return this.#child.pid;
  }

  /** How many transitions it knew to be saved. */
  get saved(): number {
    return Math.max(0, ...this.said.map(({ saved }) => saved ?? 0));
  }

  /** Ends it at once, wherever it is. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await within("end of the store's process", this.#child.exited, 10);
  }

  /** Its exit code, when it ends by itself. */
  get exited(): Promise<number> {
    return within("end of the store's process", this.#child.exited, 10);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  #ended(): string | undefined {
    return this.#child.exitCode === null && this.#child.signalCode === null ? undefined : "it ended";
  }
}
