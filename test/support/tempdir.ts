import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Subprocess } from "bun";

import { within } from "./deadline.ts";

// Waits for the end of its stdin, which is the end of the test process however that came about. A session of its own keeps
// the terminal's Ctrl-C away from it.
const REAPER = 'trap "" HUP INT TERM; read -r _ || :; rm -rf -- "$1"';

/** A directory that goes away with its owner, also when the owner is killed. */
export class TempDir implements AsyncDisposable {
  readonly #reaper: Subprocess<"pipe", "ignore", "ignore">;

  constructor(readonly path: string = mkdtempSync(join(tmpdir(), "portsyncd-"))) {
    this.#reaper = Bun.spawn(["sh", "-c", REAPER, "sh", path], {
      stdin: "pipe",
      stdout: "ignore",
      stderr: "ignore",
      detached: true,
      cwd: "/",
    });
    this.#reaper.unref();
  }

  /** The path of a file in it. */
  file(name: string): string {
    return join(this.path, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reaper.stdin.end();
    await within(`removal of ${this.path}`, this.#reaper.exited, 5);
    if (existsSync(this.path)) rmSync(this.path, { recursive: true, force: true });
  }
}
