import type { Child, ChildOptions } from "./child.ts";
import { DIES_WITH_US, runChild, spawnChild } from "./child.ts";
import { within } from "./deadline.ts";
import { needsCommands, type Requirement } from "./requirement.ts";

// Without IPv6 a link that comes up causes no traffic of its own.
const PREPARE = "echo 1 2>/dev/null >/proc/sys/net/ipv6/conf/default/disable_ipv6; ip link set lo up";
const HOLD = `${PREPARE} && echo ready && exec cat >/dev/null`;
const PROBE = `${PREPARE} && ip link add portsyncd-0 type veth peer name portsyncd-1`;

type Privilege = "root" | "user namespace";

let found: Requirement | undefined;
let privilege: Privilege = "root";

/** Options of unshare(1) for a private network. */
function unshareOptions(by: Privilege): string[] {
  return by === "root" ? ["--net"] : ["--user", "--map-root-user", "--net"];
}

function probe(by: Privilege): string | undefined {
  const { exitCode, stderr } = Bun.spawnSync(["unshare", ...unshareOptions(by), "sh", "-c", PROBE], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  return exitCode === 0 ? undefined : `${by}: ${stderr.toString().trim().split("\n")[0]}`;
}

/** Whether private network namespaces with veth links can be made here, as root or in a user namespace. Asked once. */
export function canUseNamespaces(): Requirement {
  found ??= (() => {
    if (process.platform !== "linux") return { ok: false, reason: `network namespaces need Linux` };
    const commands = needsCommands("unshare", "nsenter", "setpriv", "ip", "cat");
    if (!commands.ok) return commands;
    const refusals: string[] = [];
    for (const by of process.getuid?.() === 0 ? (["root", "user namespace"] as const) : (["user namespace"] as const)) {
      const refusal = probe(by);
      privilege = by;
      if (refusal === undefined) return { ok: true };
      refusals.push(refusal);
    }
    return { ok: false, reason: `no private network namespace (${refusals.join("; ")})` };
  })();
  return found;
}

/** The command of unshare(1), without the program to run, that makes a private network as far as it is allowed here. */
export function unshareCommand(): string[] {
  const able = canUseNamespaces();
  if (!able.ok) throw new Error(able.reason);
  return ["unshare", ...unshareOptions(privilege), "sh", "-c", `${PREPARE}; exec "$@"`, "sh"];
}

/**
 * A network namespace of its own, held by a process that lives as long as its stdin is open: it goes away with its owner.
 * What is started in it dies with the owner, too.
 */
export class Namespace implements AsyncDisposable {
  /** The namespace in which this process is. */
  static readonly current = new Namespace(undefined);

  readonly #holder: Child | undefined;
  readonly #children = new Set<Child>();

  private constructor(holder: Child | undefined) {
    this.#holder = holder;
  }

  /** Makes a new one; throws where canUseNamespaces() says no. */
  static async open(): Promise<Namespace> {
    const able = canUseNamespaces();
    if (!able.ok) throw new Error(able.reason);
    const command = ["unshare", ...unshareOptions(privilege), ...DIES_WITH_US, "sh", "-c", HOLD];
    const holder = spawnChild(command, { stdin: "pipe" });
    const first = (async () => {
      for await (const chunk of holder.stdout) return new TextDecoder().decode(chunk);
      throw new Error(`no network namespace: ${(await holder.stderr.text()).trim()}`);
    })();
    await within("network namespace", first, 10);
    return new Namespace(holder);
  }

  /** The file that setns(2) takes. */
  get path(): string {
    return this.#holder ? `/proc/${this.#holder.pid}/ns/net` : `/proc/${process.pid}/ns/net`;
  }

  /** The words that run `command` inside, in place of nsenter(1): the process id stays that of the one started. */
  command(command: readonly string[]): string[] {
    if (!this.#holder) return [...DIES_WITH_US, ...command];
    const user = privilege === "root" ? [] : ["--user", "--preserve-credentials"];
    return ["nsenter", "--target", `${this.#holder.pid}`, ...user, "--net", ...DIES_WITH_US, ...command];
  }

  /** Starts a command inside; it is killed with the namespace. */
  spawn(command: readonly string[], options: ChildOptions = {}): Child {
    const child = spawnChild(this.command(command), options);
    this.#children.add(child);
    void child.exited.then(() => this.#children.delete(child));
    return child;
  }

  /** Runs a command inside to its end and returns its stdout; throws with its stderr when it fails. */
  run(command: readonly string[], options: Parameters<typeof runChild>[1] = {}): Promise<string> {
    return runChild(this.command(command), options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const children = [...this.#children];
    for (const child of children) child.kill("SIGKILL");
    await within("end of the processes in the namespace", Promise.all(children.map((child) => child.exited)), 5);
    if (!this.#holder) return;
    this.#holder.kill("SIGKILL");
    await within("end of the namespace's holder", this.#holder.exited, 5);
  }
}
