import { readFileSync } from "node:fs";

import { type Child, DIES_WITH_US, eachLine, spawnChild } from "../support/child.ts";
import { within } from "../support/deadline.ts";

/** Makes system calls of a running process fail, through strace(1), until it is disposed of. */
export class Injection implements AsyncDisposable {
  readonly #strace: Child;
  readonly #log: string;

  private constructor(strace: Child, log: string) {
    this.#strace = strace;
    this.#log = log;
  }

  /**
   * `expression` is one of strace's, such as `socket:error=ENOMEM`; with `inode` only calls on that socket fail.
   * Returns when every thread is attached.
   */
  static async into(pid: number, log: string, expression: string, inode?: number): Promise<Injection> {
    const [call] = expression.split(":");
    const only = inode === undefined ? [] : ["-P", `socket:[${inode}]`];
    const words = ["-f", "-p", `${pid}`, "-o", log, ...only, "-e", `trace=${call}`, "-e", `inject=${expression}`];
    const strace = spawnChild([...DIES_WITH_US, "strace", ...words]);
    const attached = Promise.withResolvers<void>();
    const said: string[] = [];
    void eachLine(strace.stderr, (line) => {
      said.push(line);
      if (/attached/.test(line)) attached.resolve();
    }).then(() => attached.reject(new Error(`strace ended: ${said.join(" | ")}`)));
    attached.promise.catch(() => {});
    await within("strace", attached.promise, 10);
    return new Injection(strace, log);
  }

  /** The calls that were made to fail so far. */
  get count(): number {
    return readFileSync(this.#log, "latin1").split("(INJECTED)").length - 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#strace.kill("SIGTERM");
    await within("end of strace", this.#strace.exited, 10);
  }
}
