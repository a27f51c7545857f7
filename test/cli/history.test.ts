import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import * as fc from "fast-check";

import { EXIT } from "../../src/cli/exit.ts";
import { Failure } from "../../src/cli/failure.ts";
import { formatJson, formatText, runHistory } from "../../src/cli/history.ts";
import type { Transition } from "../../src/store/transition.ts";
import { parseSince } from "../../src/util/since.ts";
import { Asked, limitsIn, transitionsFrom } from "../store/requests.ts";
import { StoreProcess } from "../store/storeprocess.ts";
import { runChild, spawnChild } from "../support/child.ts";
import { TempDir } from "../support/tempdir.ts";

const UP = { admin: true, oper: true, mtu: 9100 };
const DOWN = { admin: true, oper: false, mtu: 9100 };
const FLAP: Transition = { wallMs: Date.UTC(2026, 0, 31, 12), port: "Ethernet0", cause: "event", old: UP, new: DOWN };
const NOW_MS = Date.UTC(2026, 0, 31, 12);

const PROGRAM = `
  const { runHistory } = await import(${JSON.stringify(join(import.meta.dir, "../../src/cli/history.ts"))});
  process.exit(await runHistory(JSON.parse(process.argv[1])));`;

function historyCommand(options: Parameters<typeof runHistory>[0]): string[] {
  return [process.execPath, "-e", PROGRAM, JSON.stringify(options)];
}

async function failureOf(options: Parameters<typeof runHistory>[0]): Promise<Failure> {
  const outcome = await runHistory(options).catch((error: unknown) => error);
  if (outcome instanceof Failure) return outcome;
  throw outcome;
}

describe("formatText", () => {
  test("is a line with columns", () => {
    const gone = { ...FLAP, port: "PortChannel0001", cause: "resync" as const, old: DOWN, new: null };
    const come = { ...FLAP, cause: "start" as const, old: null };
    expect([come, FLAP, gone].map(formatText)).toEqual([
      "2026-01-31T12:00:00.000Z Ethernet0       start  absent                        -> admin up oper down mtu 9100",
      "2026-01-31T12:00:00.000Z Ethernet0       event  admin up oper up mtu 9100     -> admin up oper down mtu 9100",
      "2026-01-31T12:00:00.000Z PortChannel0001 resync admin up oper down mtu 9100   -> absent",
    ]);
  });

  test("escapes what a name would do to the terminal, and shows UTF-8 as text", () => {
    expect(formatText({ ...FLAP, port: "\x1b[2J\n" })).toContain(' "\\x1b[2J\\x0a" ');
    expect(formatText({ ...FLAP, port: "\xc3\xa4" })).toContain(' "ä" ');
    expect(formatText({ ...FLAP, port: "\xff" })).toContain(" /xff ");
  });

  test("survives a time that is none", () => {
    expect(formatText({ ...FLAP, wallMs: Number.MAX_SAFE_INTEGER })).toStartWith("9007199254740991 ");
  });
});

describe("formatJson", () => {
  test("is an object on one line", () => {
    expect(formatJson({ ...FLAP, new: null })).toBe(
      '{"time":"2026-01-31T12:00:00.000Z","port":"Ethernet0","cause":"event","old":{"admin":"up","oper":"up","mtu":9100},"new":null}',
    );
  });
});

test("formatText and formatJson give one printable line for any name", () => {
  const name = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
  fc.assert(
    fc.property(name, (port) => {
      const json = formatJson({ ...FLAP, port });
      for (const line of [formatText({ ...FLAP, port }), json]) expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      const { port: read } = JSON.parse(json) as { port: string };
      const bytes = Buffer.from(port, "latin1");
      const escaped = Array.from(bytes, (byte) => (byte < 0x80 ? String.fromCharCode(byte) : `/x${byte.toString(16)}`));
      expect([bytes.toString("utf8"), escaped.join("")]).toContain(read);
    }),
    { numRuns: 2000 },
  );
});

describe("parseSince", () => {
  for (const [text, expected] of [
    ["90s", NOW_MS - 90_000],
    ["30m", NOW_MS - 1_800_000],
    ["1h", NOW_MS - 3_600_000],
    ["2d", NOW_MS - 172_800_000],
    ["1w", NOW_MS - 604_800_000],
    ["0s", NOW_MS],
    ["2026-01-30", Date.UTC(2026, 0, 30)],
    ["2026-01-30T10:20Z", Date.UTC(2026, 0, 30, 10, 20)],
    ["2026-01-30 10:20:30.5+01:00", Date.UTC(2026, 0, 30, 9, 20, 30, 500)],
    ["2026-01-30T10:20", new Date(2026, 0, 30, 10, 20).getTime()],
    ["", undefined],
    ["1", undefined],
    ["h", undefined],
    ["-1h", undefined],
    ["1.5h", undefined],
    ["1y", undefined],
    ["1h30m", undefined],
    ["2026-13-01", undefined],
    ["yesterday", undefined],
    ["Jan 1", undefined],
  ] as const)
    test(`reads ${JSON.stringify(text)}`, () => {
      expect(parseSince(text, NOW_MS)).toBe(expected);
    });
});

describe("runHistory", () => {
  test("prints what a daemon has saved while that goes on, the newest last", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    await using store = new StoreProcess(directory);
    store.tell("endless");
    await store.hear("transitions", ({ saved }) => saved !== undefined && saved > 2000);
    const atLeast = store.saved;
    const lines = (await runChild(historyCommand({ directory, json: true }))).trimEnd().split("\n");
    expect(lines.length).toBeGreaterThanOrEqual(atLeast);
    expect(lines).toEqual(transitionsFrom(0, lines.length).map(formatJson));
    expect((await store.status()).status).toMatchObject({ state: "ok", dropped: 0 });
  }, 30_000);

  test("prints one port, in columns, and nothing for one that has no history", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    {
      using asked = new Asked(limitsIn(directory));
      asked.save([FLAP, { ...FLAP, port: Buffer.from("Märkt").toString("latin1") }]);
    }
    const print = (port: string, since?: string): Promise<string> =>
      runChild(historyCommand({ directory, json: false, port, ...(since === undefined ? {} : { since }) }));
    expect(await print("Ethernet0")).toBe(`${formatText(FLAP)}\n`);
    expect(await print("Märkt")).toContain('"Märkt"');
    expect(await print("Ethernet4")).toBe("");
    expect(await print("Ethernet0", "2026-01-31T12:00:00.001Z")).toBe("");
  });

  test("ends well when its reader has enough", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    {
      using asked = new Asked(limitsIn(directory));
      asked.save(transitionsFrom(0, 20_000));
    }
    const child = spawnChild(historyCommand({ directory, json: false }));
    const reader = child.stdout.getReader();
    await reader.read();
    await reader.cancel();
    expect(await child.exited).toBe(EXIT.ok);
    expect(await child.stderr.text()).toBe("");
  });

  test("fails with an exit code and a reason", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    expect(await failureOf({ directory, json: false })).toMatchObject({
      exitCode: EXIT.noInput,
      message: `${directory}: there is no history yet`,
    });
    mkdirSync(directory);
    writeFileSync(join(directory, "portsyncd.db"), "garbage");
    expect(await failureOf({ directory, json: false })).toMatchObject({
      exitCode: EXIT.dataErr,
      message: expect.stringContaining("file is not a database"),
    });
    expect(await failureOf({ directory, json: false, since: "soon\n" })).toMatchObject({
      exitCode: EXIT.usage,
      message: '"soon\\x0a" is no time for --since, allowed: 30m, 1h, 2d or 2026-01-31T12:00',
    });
  });
});
