import { join } from "node:path";

import { RTMGRP_LINK } from "../../ffi/linux/rtnetlink.ts";
import { routeSockets } from "../netlink/routesockets.ts";
import type { Child } from "../support/child.ts";
import { eachLine, spawnChild } from "../support/child.ts";
import { waitUntil, within } from "../support/deadline.ts";
import type { Namespace } from "../support/namespace.ts";

const MAIN = join(import.meta.dir, "../../src/main.ts");

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The words that start portsyncd from its sources. */
export function portsyncd(...args: readonly string[]): string[] {
  return [process.execPath, MAIN, ...args];
}

/** Runs a command of portsyncd to its end. */
export async function runPortsyncd(...args: readonly string[]): Promise<Ended> {
  const child = spawnChild(portsyncd(...args));
  const [stdout, stderr, code] = await within(
    `end of ${args.join(" ")}`,
    Promise.all([child.stdout.text(), child.stderr.text(), child.exited]),
    20,
  );
  return { code, stdout, stderr };
}

/** A command of portsyncd that runs in a namespace until it is told to stop. */
export class Listener {
  readonly lines: string[] = [];
  readonly #child: Child;
  readonly #read: Promise<void>;

  private constructor(
    readonly namespace: Namespace,
    args: readonly string[],
  ) {
    this.#child = namespace.spawn(portsyncd(...args));
    this.#read = eachLine(this.#child.stdout, (line) => void this.lines.push(line));
  }

  /** Starts one and waits until it hears the kernel. */
  static async start(namespace: Namespace, ...args: readonly string[]): Promise<Listener> {
    const listener = new Listener(namespace, args);
    await waitUntil("member of the group", () => routeSockets(namespace).some(({ groups }) => groups === RTMGRP_LINK), {
      hopeless: () => listener.#end(),
    });
    return listener;
  }

  /** Waits for output; `holds` is asked with all lines so far. */
  async waitFor(what: string, holds: (lines: readonly string[]) => boolean): Promise<void> {
    await waitUntil(what, () => holds(this.lines), { seen: () => this.lines.slice(-5), hopeless: () => this.#end() });
  }

  /** Sends a signal. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends a signal and gives the exit code and what it wrote to stderr. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Omit<Ended, "stdout">> {
    this.#child.kill(signal);
    const all = Promise.all([this.#child.exited, this.#child.stderr.text(), this.#read]);
    const [code, stderr] = await within("end", all, 10);
    return { code, stderr };
  }

  #end(): string | undefined {
    return this.#child.exitCode === null ? undefined : `it ended with ${this.#child.exitCode}`;
  }
}
