import { eachLine } from "../test/support/child.ts";
import { within } from "../test/support/deadline.ts";
import type { Namespace } from "../test/support/namespace.ts";

/** A process whose output lines are kept: the daemon, or what stands in its place. */
export interface Running {
  readonly pid: number;
  /** Undefined while it runs. */
  readonly exitCode: number | undefined;
  /** All it printed, in the order of arrival. */
  readonly lines: readonly string[];
}

/** Why waiting for a program is in vain: that it has ended, and its last lines; undefined while it runs. */
export function ended({ exitCode, lines }: Running): string | undefined {
  return exitCode === undefined ? undefined : `exit ${exitCode}: ${lines.slice(-5).join(" | ")}`;
}

/** A program of the benches in a process of its own; it is killed with its owner. */
export class Program implements Running, AsyncDisposable {
  readonly lines: string[] = [];
  readonly #child;
  readonly #output: Promise<unknown>;
  readonly #watchers = new Set<() => void>();

  /** Starts it; does not wait for anything. */
  constructor(namespace: Namespace, command: readonly string[]) {
    const child = namespace.spawn(command, { stdin: "pipe" });
    this.#child = child;
    const see = (line: string) => {
      this.lines.push(line);
      for (const watcher of this.#watchers) watcher();
    };
    this.#output = Promise.all([eachLine(child.stdout, see), eachLine(child.stderr, see), child.exited]);
  }

  get pid(): number {
    return this.#child.pid;
  }

  get exitCode(): number | undefined {
    return this.#child.exitCode ?? undefined;
  }

  /** Writes a line to its stdin. */
  say(line: string): void {
    const input = this.#child.stdin!;
    void input.write(`${line}\n`);
    void input.flush();
  }

  /** Says `line`, and waits for the next line that begins with `answer`. */
  async ask(line: string, answer: string, seconds = 60): Promise<string> {
    const heard = this.hear(answer, this.lines.length, seconds);
    this.say(line);
    return heard;
  }

  /** Waits for a line, from the given one on, that begins with `start`, and returns it; fails when the program ends. */
  async hear(start: string, from = 0, seconds = 60): Promise<string> {
    const found = Promise.withResolvers<string>();
    const look = () => {
      const line = this.lines.slice(from).find((one) => one.startsWith(start));
      if (line !== undefined) found.resolve(line);
    };
    this.#watchers.add(look);
    void this.#output.then(() =>
      found.reject(new Error(`ended without ${start}: ${this.lines.slice(-5).join(" | ")}`)),
    );
    look();
    try {
      return await within(`line ${start}`, found.promise, seconds);
    } finally {
      this.#watchers.delete(look);
    }
  }

  /** SIGTERM; returns when it has ended and all it printed is there. */
  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    await within("end of a program", this.#output, 30);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await within("end of a program", this.#output, 5);
  }
}
