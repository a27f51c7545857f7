import { type ChildOptions, DIES_WITH_US, spawnChild } from "../support/child.ts";
import { within } from "../support/deadline.ts";
import { builtBinary } from "./binary.ts";

/** How a program ended and what it wrote. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

// Of whoever runs the tests; with NODE_ENV=test Bun reads other files than it does without.
const NOT_INHERITED = {
  NODE_ENV: undefined,
  BUN_OPTIONS: undefined,
  PORTSYNCD_LOG_LEVEL: undefined,
  NOTIFY_SOCKET: undefined,
};

/** Runs a command to its end, however that comes about. */
export async function runCommand(command: readonly string[], options: ChildOptions = {}): Promise<Outcome> {
  const child = spawnChild(command, { ...options, env: { ...NOT_INHERITED, ...options.env } });
  try {
    const all = Promise.all([child.exited, child.stdout.text(), child.stderr.text()]);
    const [code, stdout, stderr] = await within(`end of ${command.join(" ")}`, all, 15);
    return { code, stdout, stderr };
  } finally {
    child.kill("SIGKILL");
  }
}

/** Runs the compiled binary to its end. */
export async function runBinary(args: readonly string[], options: ChildOptions = {}): Promise<Outcome> {
  return runCommand([...DIES_WITH_US, await builtBinary(), ...args], options);
}

/** Runs a line of sh(1) in which $0 is the compiled binary. */
export async function runShell(line: string, options: ChildOptions = {}): Promise<Outcome> {
  return runCommand([...DIES_WITH_US, "sh", "-c", line, await builtBinary()], options);
}
