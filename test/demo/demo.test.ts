import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { type Child, DIES_WITH_US, eachLine, spawnChild } from "../support/child.ts";
import { waitUntil, within } from "../support/deadline.ts";
import { canUseNamespaces } from "../support/namespace.ts";
import { canUseRedis } from "../support/redis.ts";
import { all } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { seededRandom } from "./driver.ts";
import { parseDemoOptions } from "./options.ts";

const MAIN = join(import.meta.dir, "main.ts");
const able = all(canUseNamespaces(), canUseRedis());

function startDemo(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { readonly child: Child; readonly lines: string[] } {
  const child = spawnChild([...DIES_WITH_US, process.execPath, "--no-env-file", MAIN, ...args], {
    env: { PORTSYNCD_OUTER_NETWORK: undefined, ...env },
  });
  const lines: string[] = [];
  void eachLine(child.stdout, (line) => lines.push(line));
  void eachLine(child.stderr, (line) => lines.push(line));
  return { child, lines };
}

/** The processes below one, with their temporary directory. */
function below(pid: number): { readonly pids: string[]; readonly directory: string } {
  const pids = readdirSync("/proc").filter((entry) => {
    try {
      return (
        /^\d+$/.test(entry) && readFileSync(`/proc/${entry}/stat`, "latin1").split(") ")[1]!.split(" ")[1] === `${pid}`
      );
    } catch {
      return false;
    }
  });
  const commands = pids.map((child) => readFileSync(`/proc/${child}/cmdline`, "latin1"));
  return { pids, directory: /\/[^\0]*portsyncd-[^/\0]+/.exec(commands.join("\0"))?.[0] ?? "" };
}

/** Ended; a dead process may wait for init to take note of it. */
function isGone(pid: string): boolean {
  try {
    return /\) Z/.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return true;
  }
}

test("parseDemoOptions takes whole numbers in range and nothing else", () => {
  expect(parseDemoOptions([])).toEqual({ seconds: undefined, ports: 32, seed: 1 });
  expect(parseDemoOptions(["--seconds", "5", "--ports=2", "--seed", "0"])).toEqual({ seconds: 5, ports: 2, seed: 0 });
  expect(parseDemoOptions(["--help"])).toBe("help");
  for (const args of [
    ["--ports", "0"],
    ["--ports", "1.5"],
    ["--seconds", ""],
    ["--seed", "x"],
    ["--bogus"],
    ["word"],
  ]) {
    expect(parseDemoOptions(args)).toBeInstanceOf(Error);
  }
});

test("seededRandom gives the same numbers for the same seed", () => {
  const [a, b, c] = [seededRandom(7), seededRandom(7), seededRandom(8)];
  const numbers = Array.from({ length: 100 }, () => a());
  expect(Array.from({ length: 100 }, () => b())).toEqual(numbers);
  expect(Array.from({ length: 100 }, () => c())).not.toEqual(numbers);
  expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
});

test("demo refuses an unknown option with 64", async () => {
  const { child, lines } = startDemo(["--bogus"]);
  expect(await within("end of the demo", child.exited, 10)).toBe(64);
  expect(lines.join("\n")).toContain("--bogus");
});

test("demo runs the daemon with simulated links where there are no real ones", async () => {
  await using dir = new TempDir();
  for (const name of ["sh", "rm", "setpriv"]) {
    const path = Bun.which(name);
    if (path !== null) symlinkSync(path, dir.file(name));
  }
  const { child, lines } = startDemo(["--seconds", "2", "--ports", "2"], { PATH: dir.path });
  expect(await within("end of the demo", child.exited, 20)).toBe(0);
  expect(lines[0]).toMatch(/^No real links and Redis here \(.+\): the daemon runs with simulated links/);
  expect(lines.join("\n")).toMatch(/Ethernet4: .*netdev_oper_status/);
  expect(lines.at(-1)).toBe("ok: the daemon ran with simulated links");
}, 30_000);

testWith(
  able,
  "demo ends with 0 when STATE_DB equals the kernel, and leaves nothing",
  async () => {
    const { child, lines } = startDemo(["--seconds", "3", "--ports", "4"]);
    await waitUntil("table", () => lines.some((line) => line.startsWith("Ethernet12 ")), {
      seconds: 20,
      seen: () => lines,
    });
    const { pids, directory } = below(child.pid);
    expect(pids.length).toBeGreaterThanOrEqual(3);
    expect(existsSync(directory)).toBe(true);
    expect(await within("end of the demo", child.exited, 20)).toBe(0);
    expect(lines.at(-1)).toBe("ok: STATE_DB equals the kernel for all 4 ports");
    expect(existsSync(directory)).toBe(false);
    expect(pids.filter((pid) => !isGone(pid))).toEqual([]);
  },
  60,
);

testWith(
  able,
  "demo leaves nothing when it is killed",
  async () => {
    const { child, lines } = startDemo(["--ports", "2"]);
    await waitUntil("table", () => lines.some((line) => line.startsWith("Ethernet4 ")), {
      seconds: 20,
      seen: () => lines,
    });
    const { pids, directory } = below(child.pid);
    expect(pids.length).toBeGreaterThanOrEqual(3);
    child.kill("SIGKILL");
    const gone = () => !existsSync(directory) && pids.every(isGone);
    await waitUntil("end of all that the demo started", gone, {
      seconds: 5,
      seen: () => ({ directory, pids: pids.filter((pid) => !isGone(pid)) }),
    });
  },
  60,
);

testWith(
  able,
  "demo restores the terminal and ends with its verdict at Ctrl-C",
  async () => {
    let screen = "";
    const env = { ...process.env, PORTSYNCD_OUTER_NETWORK: undefined };
    const data = (_: unknown, bytes: Uint8Array) => (screen += new TextDecoder().decode(bytes));
    const command = [...DIES_WITH_US, process.execPath, "--no-env-file", MAIN, "--ports", "2"];
    const child = Bun.spawn(command, { env, terminal: { cols: 80, rows: 24, data } });
    await waitUntil("table", () => screen.includes("Ethernet4 "), { seconds: 20, seen: () => screen });
    child.terminal!.write("\x03");
    expect(await within("end of the demo", child.exited, 20)).toBe(0);
    await waitUntil("verdict", () => screen.includes("ok: STATE_DB equals the kernel for all 2 ports"), {
      seen: () => screen,
    });
    expect(screen).toStartWith("\x1b[?1049h\x1b[?25l");
    expect(screen.lastIndexOf("\x1b[?25h\x1b[?1049l")).toBeGreaterThan(screen.lastIndexOf("\x1b[H"));
  },
  60,
);
