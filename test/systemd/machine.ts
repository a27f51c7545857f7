import { existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

import { DIES_WITH_US, runChild, spawnChild } from "../support/child.ts";
import { type WaitOptions, waitUntil, within } from "../support/deadline.ts";
import { all, needsCommands, needsRoot, type Requirement } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { NotifySocket } from "./notifysocket.ts";

/** The variable that asks for tests on a Debian that is booted for them. */
const VARIABLE = "PORTSYNCD_SYSTEMD";
const SUITE = "bookworm";
const PACKAGES = ["systemd", "systemd-sysv", "dbus", "redis-server", "iproute2", "procps"];
const CACHE = "/var/cache/portsyncd-test";
const MOST_DAYS = 30;
const INSTALL_SECONDS = 900;
const BOOT_SECONDS = 90;

/** Whether a Debian can and should be booted in a container here. */
export function canBoot(): Requirement {
  if (process.env[VARIABLE] !== "1") return { ok: false, reason: `${VARIABLE}=1 is not set` };
  return all(needsRoot(), needsCommands("systemd-nspawn", "debootstrap", "nsenter"));
}

/** A file of this machine that is there in the booted one, read-only. */
export interface Installed {
  readonly from: string;
  readonly to: string;
}

/** Installs Debian in a cache, unless one is there that is not too old. */
async function installDebian(): Promise<string> {
  const tree = join(CACHE, SUITE);
  const mostMs = MOST_DAYS * 86_400_000;
  if (existsSync(tree) && Date.now() - statSync(tree).mtimeMs < mostMs) return tree;
  mkdirSync(CACHE, { recursive: true, mode: 0o700 });
  const fresh = join(CACHE, `${SUITE}.${process.pid}`);
  const include = `--include=${PACKAGES.join(",")}`;
  try {
    await runChild(["debootstrap", "--variant=minbase", include, SUITE, fresh], { seconds: INSTALL_SECONDS });
    rmSync(tree, { recursive: true, force: true });
    renameSync(fresh, tree);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return tree;
}

/** A Debian with its own systemd and network, booted in a container; what it changes is forgotten with it. */
export class Machine implements AsyncDisposable {
  readonly #owned: AsyncDisposableStack;
  readonly #leader: number;

  private constructor(owned: AsyncDisposableStack, leader: number) {
    this.#owned = owned;
    this.#leader = leader;
  }

  /** Boots one and returns when its systemd has started everything. */
  static async boot(files: readonly Installed[]): Promise<Machine> {
    const tree = await installDebian();
    const owned = new AsyncDisposableStack();
    try {
      const dir = owned.use(new TempDir());
      const notify = owned.use(await NotifySocket.open(dir.file("notify")));
      const options =
        "--volatile=overlay --boot --private-network --register=no --keep-unit --console=pipe --notify-ready=yes";
      const binds = files.map(({ from, to }) => `--bind-ro=${from}:${to}`);
      const command = ["systemd-nspawn", "--directory", tree, ...options.split(" "), ...binds];
      const container = spawnChild([...DIES_WITH_US, ...command], { env: { NOTIFY_SOCKET: notify.path } });
      owned.defer(async () => {
        container.kill("SIGKILL");
        await within("end of the container", container.exited, 10);
      });
      const ended = container.exited.then(async (code) => {
        throw new Error(`systemd-nspawn ended with ${code}: ${(await container.stderr.text()).trim()}`);
      });
      ended.catch(() => {});
      await Promise.race([notify.waitFor(/^READY=1/m, { seconds: BOOT_SECONDS }), ended]);
      const [, leader] = /^X_NSPAWN_LEADER_PID=(\d+)$/m.exec(notify.datagrams.join("\n")) ?? [];
      // Its systemd outlives a systemd-nspawn that is killed, and everything in it ends with its systemd.
      owned.defer(() => void process.kill(Number(leader), "SIGKILL"));
      return new Machine(owned.move(), Number(leader));
    } catch (error) {
      await owned.disposeAsync();
      throw error;
    }
  }

  /** Runs a command in it and returns its stdout; throws with its stderr when it fails. */
  run(...command: readonly string[]): Promise<string> {
    const enter = ["nsenter", "--target", `${this.#leader}`, "--mount", "--uts", "--ipc", "--net", "--pid"];
    return runChild([...enter, "--", ...command], { seconds: 60 });
  }

  /** Writes a file in it. */
  async write(file: string, text: string): Promise<void> {
    await this.run("sh", "-c", 'mkdir -p "$(dirname "$1")" && printf %s "$2" >"$1"', "sh", file, text);
  }

  /** A property of a unit, as `systemctl show` prints it. */
  async property(unit: string, name: string): Promise<string> {
    return (await this.run("systemctl", "show", "--property", name, "--value", unit)).trim();
  }

  /** Waits until a property of a unit is as the test says. */
  async waitForProperty(
    unit: string,
    name: string,
    holds: (value: string) => boolean,
    options: WaitOptions = {},
  ): Promise<string> {
    let value = "";
    const probe = async () => {
      value = await this.property(unit, name);
      return holds(value);
    };
    await waitUntil(`${name} of ${unit}`, probe, { everyMs: 50, seconds: 30, seen: () => value, ...options });
    return value;
  }

  /** What a unit has logged since the boot. */
  journal(unit: string): Promise<string> {
    return this.run("journalctl", "--no-pager", "--output=cat", "--unit", unit);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}
