import { expect } from "bun:test";

import { all, needsCommands, type Requirement } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { canDropPrivileges, UNPRIVILEGED } from "./privilege.ts";
import { type Outcome, runBinary, runShell } from "./run.ts";

const linux: Requirement = process.platform === "linux" ? { ok: true } : { ok: false, reason: "needs Linux" };
const SIMULATED = ["--mode", "standalone", "--store", "memory", "--source", "simulate:1"];

/** A failure is told in whole lines on stderr, without a stack, and nothing is on stdout. */
function expectFailure(outcome: Outcome, code: number, message: RegExp): void {
  expect(outcome.stderr).toMatch(message);
  expect(outcome.stderr).not.toMatch(/^ +at /m);
  expect(outcome.stdout).toBe("");
  expect(outcome.code).toBe(code);
}

const USAGE: Readonly<Record<string, readonly string[]>> = {
  "an unknown option": ["--confg", "x"],
  "an unknown command": ["monitr"],
  "a word too many": ["--once", "now"],
  "an option without its value": ["--config"],
  "a value that is not allowed": ["--mode", "sonik"],
  "two actions": ["--once", "--check-config"],
  "a command without its operand": ["record"],
  "a namespace that is a path": ["--namespace", "../x"],
};

for (const [what, args] of Object.entries(USAGE)) {
  testWith(linux, `portsyncd exits with 64 for ${what}`, async () => {
    expectFailure(await runBinary(args), 64, /^portsyncd: .+\nTry 'portsyncd.* --help'\.\n$/);
  });
}

testWith(linux, "portsyncd names the closest option to an unknown one", async () => {
  expectFailure(await runBinary(["--confg"]), 64, /unknown option --confg; did you mean --config\?/);
});

testWith(linux, "portsyncd exits with 65 for a damaged recording and with 66 for none", async () => {
  await using dir = new TempDir();
  await Bun.write(dir.file("damaged"), "not a recording");
  const replay = (file: string) => runBinary(["--once", "--store", "memory", "--source", `replay:${file}`]);
  expectFailure(await replay(dir.file("damaged")), 65, /^portsyncd: .*damaged: byte 0: .+\n$/);
  expectFailure(await replay(dir.file("absent")), 66, /^portsyncd: .*absent: ENOENT.*\n$/);
  expectFailure(await runBinary(["monitor", "--source", `replay:${dir.file("absent")}`]), 66, /ENOENT/);
});

testWith(linux, "portsyncd exits with 69 when Redis does not come in time, and says why", async () => {
  await using dir = new TempDir();
  const database = `redis_socket = "${dir.path}/none"\nconnection_timeout_secs = 0.2\nsonic_db_config = "/nonexistent"`;
  await Bun.write(dir.file("conf"), `[database]\n${database}\n[http]\nlisten = []\nadmin_socket = ""\n`);
  for (const args of [[], ["--once"]]) {
    const outcome = await runBinary(["--config", dir.file("conf"), ...args]);
    expectFailure(outcome, 69, /^portsyncd: Redis did not come within 200 ms: .*ENOENT/m);
  }
});

testWith(
  linux,
  "portsyncd exits with 71 for a network namespace that is not there and for a socket too many",
  async () => {
    for (const args of [["--store", "memory"], ["monitor"]]) {
      const words = [...args, "--namespace", "portsyncd-none"];
      expectFailure(await runBinary(words), 71, /^portsyncd: open \/var\/run\/netns\/portsyncd-none: ENOENT\n$/);
    }
    expectFailure(await runShell("ulimit -n 7; exec $0 monitor"), 71, /^portsyncd: socket: EMFILE\n$/);
  },
);

testWith(linux, "portsyncd record exits with 74 for a file that cannot be written", async () => {
  expectFailure(await runBinary(["record", "/nonexistent/file"]), 74, /^portsyncd: .*ENOENT.*\n$/);
  const outcome = await runShell("exec $0 record /dev/full");
  expectFailure(outcome, 74, /^portsyncd: \/dev\/full: .*ENOSPC.*\n$/);
});

for (const args of ["--help", "--version", "man", "completion bash", "--print-config", "--check-config"]) {
  testWith(linux, `portsyncd ${args} exits with 74 and one line when its output cannot be written`, async () => {
    expectFailure(await runShell(`exec $0 ${args} >/dev/full`), 74, /^portsyncd: .*ENOSPC.*\n$/);
  });

  testWith(linux, `portsyncd ${args} to a reader that has gone says nothing`, async () => {
    const { stderr } = await runShell(`$0 ${args} | :`);
    expect(stderr).toBe("");
  });
}

testWith(linux, "portsyncd monitor exits with 74 and one line when its output cannot be written", async () => {
  expectFailure(await runShell("exec $0 monitor --source simulate:1 >/dev/full"), 74, /^portsyncd: .*ENOSPC.*\n$/);
});

testWith(linux, "portsyncd monitor ends quietly when its reader has gone", async () => {
  const line = "{ $0 monitor --source simulate:8; echo $? >&2; } | head -n 1";
  const { stdout, stderr } = await runShell(line);
  expect(stdout.split("\n").length).toBe(2);
  expect(stderr).toBe("0\n");
});

testWith(
  all(linux, canDropPrivileges(), needsCommands("mount", "unshare")),
  "portsyncd exits with 77 where it may not enter the namespace",
  async () => {
    // The name is mounted for this shell only, so that nothing is left behind.
    const mounts =
      "mount -t tmpfs none /run && mkdir /run/netns && touch /run/netns/asic0 && " +
      "mount --bind /proc/self/ns/net /run/netns/asic0";
    const script = `${mounts} && exec ${UNPRIVILEGED.join(" ")} "$0" monitor --namespace asic0`;
    const outcome = await runShell(`exec unshare --mount --net sh -c '${script}' $0`);
    expectFailure(outcome, 77, /^portsyncd: setns \/var\/run\/netns\/asic0: EPERM\n$/);
  },
);

testWith(
  linux,
  "portsyncd exits with 78 for a configuration that is wrong or not there, before anything starts",
  async () => {
    await using dir = new TempDir();
    await Bun.write(dir.file("wrong"), 'mode = "sonik"\n');
    for (const args of [[], ["--check-config"], ["--print-config"], ["--once"]]) {
      const wrong = await runBinary([...SIMULATED.slice(2), "--config", dir.file("wrong"), ...args]);
      expectFailure(wrong, 78, /wrong:1:1: mode: the string "sonik" is not allowed, allowed: "sonic", "standalone"\n$/);
      const absent = await runBinary([...SIMULATED, "--config", dir.file("absent"), ...args]);
      expectFailure(absent, 78, /^.*absent: does not exist\n$/);
    }
  },
);

testWith(linux, "portsyncd exits with 78 for a wrong variable and a wrong database_config.json", async () => {
  await using dir = new TempDir();
  const env = { PORTSYNCD_LOG_LEVEL: "loud" };
  expectFailure(await runBinary(SIMULATED, { env }), 78, /^environment: PORTSYNCD_LOG_LEVEL: "loud" is not allowed/);
  await Bun.write(dir.file("database_config.json"), '{"INSTANCES": {}}');
  await Bun.write(dir.file("conf"), `[database]\nsonic_db_config = "${dir.file("database_config.json")}"\n`);
  const outcome = await runBinary(["--config", dir.file("conf")]);
  expectFailure(outcome, 78, /^portsyncd: .*database_config\.json: DATABASES\.APPL_DB is missing\n$/m);
});

const DATA: Readonly<Record<string, RegExp>> = {
  "--help": /^.*portsyncd/,
  "monitor --help": /monitor/,
  "--version": /^portsyncd \d+\.\d+\.\d+ \(Bun \d+\.\d+\.\d+\)\n$/,
  man: /^\.TH PORTSYNCD 8/,
  "completion bash": /complete .*portsyncd/,
  "completion zsh": /^#compdef portsyncd/,
  "completion fish": /^complete -c portsyncd/m,
};

for (const [args, content] of Object.entries(DATA)) {
  testWith(linux, `portsyncd ${args} prints to stdout only and exits with 0`, async () => {
    const { code, stdout, stderr } = await runBinary(args.split(" "));
    expect(stdout).toMatch(content);
    expect(stdout.endsWith("\n")).toBe(true);
    expect([code, stderr]).toEqual([0, ""]);
  });
}
