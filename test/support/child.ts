import type { Subprocess } from "bun";

import { within } from "./deadline.ts";

/** A child process whose output is read as text. */
export type Child = Subprocess<"pipe" | "ignore", "pipe", "pipe">;

/** What a child is started with. */
export interface ChildOptions {
  /** Added to the environment; undefined removes. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Its stdin: closed at once, or left open for the caller to write to and close. Default "ignore". */
  readonly stdin?: "pipe" | "ignore";
}

/**
 * Put before a command, makes the kernel kill it when this process ends in whatever way (PR_SET_PDEATHSIG). The shell sees
 * to it that this process did not end just before that was arranged.
 */
export const DIES_WITH_US: readonly string[] =
  process.platform === "linux" && Bun.which("setpriv") !== null
    ? ["setpriv", "--pdeathsig", "KILL", "sh", "-c", `[ $PPID = ${process.pid} ] && exec "$@"`, "sh"]
    : [];

/** Starts a command as it is, without DIES_WITH_US, in a session of its own: the terminal's Ctrl-C is for its owner to handle. */
export function spawnChild(command: readonly string[], options: ChildOptions = {}): Child {
  return Bun.spawn([...command], {
    stdin: options.stdin ?? "ignore",
    stdout: "pipe",
    stderr: "pipe",
    detached: true,
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
}

/** Runs a command to its end and returns its stdout; throws with its stderr when it fails or takes longer than `seconds`. */
export async function runChild(
  command: readonly string[],
  options: ChildOptions & { readonly input?: string; readonly seconds?: number } = {},
): Promise<string> {
  const child = spawnChild(command, { ...options, stdin: "pipe" });
  const input = child.stdin!;
  // A child that ends without reading its input is judged by its exit code.
  const fed = (async () => {
    void input.write(options.input ?? "");
    await input.end();
  })().catch(() => {});
  const all = Promise.all([child.stdout.text(), child.stderr.text(), child.exited, fed]);
  try {
    const [stdout, stderr, code] = await within(`end of ${command.join(" ")}`, all, options.seconds ?? 20);
    if (code !== 0) throw new Error(`${command.join(" ")}: exit ${code}: ${stderr.trim() || stdout.trim()}`);
    return stdout;
  } finally {
    child.kill("SIGKILL");
  }
}

/** Calls `see` with every line of a stream, the unfinished last one too, until the stream ends. */
export async function eachLine(stream: ReadableStream<Uint8Array>, see: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const line of lines) see(line);
  }
  if (rest) see(rest);
}
