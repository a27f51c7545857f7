import { describe, expect, test } from "bun:test";

import { WRITERS } from "../../src/swss/database.ts";
import { canUseFaultBed } from "../faults/faultbed.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { connectorProperty, meetAll } from "./connectorfuzz.ts";
import { ConnectorVictim, type VictimOptions } from "./connectorvictim.ts";
import { CorruptedSwitch, runningProperty, startProperty } from "./corruptedswitch.ts";
import { COMMANDS, HOSTILE_REPLIES, isBeyondTheClient } from "./hostilereplies.ts";
import type { Hostility } from "./hostileserver.ts";
import { expectProperty } from "./property.ts";

/** Memory that a connector never needs, whatever it is sent. */
const MOST_RSS_KIB = 512 * 1024;

/** Bytes in the place of an answer, and nothing else. */
function instead(to: string, bytes: string): Hostility {
  return { to, bytes, place: "instead", piece: 0, afterwards: "goes on" };
}

/** Lets a process of its own meet hostilities; returns how its work with each ended. */
async function meet(all: readonly Hostility[], options: VictimOptions = {}) {
  await using dir = new TempDir();
  await using victim = new ConnectorVictim(dir.path, options);
  const outcomes = await meetAll(victim, all);
  expect(victim.rssKib).toBeLessThan(MOST_RSS_KIB);
  return outcomes;
}

describe("with a server of the test's own", () => {
  for (const to of ["connect", "HMGET", "SCAN", "PSUBSCRIBE"])
    test(`DBConnector ends what it began and connects again, whatever is sent in answer to ${to}`, async () => {
      await meet(Object.values(HOSTILE_REPLIES).map((bytes) => instead(to, bytes)));
    }, 30_000);

  for (const to of ["COMMAND", "HELLO", "SELECT", "HSET"])
    test(`NativeWriter ends what it began, and its session connects again, whatever is sent in answer to ${to}`, async () => {
      await meet(
        Object.values(HOSTILE_REPLIES).map((bytes) => instead(to, bytes)),
        { writer: "native" },
      );
    }, 30_000);

  test("DBConnector takes right answers in pieces of any size", async () => {
    const inPieces = (to: string, piece: number): Hostility => ({ ...instead(to, ""), place: "before", piece });
    const pieces = COMMANDS.flatMap((to) => [1, 2, 3, 5].map((piece) => inPieces(to, piece)));
    const outcomes = await meet(pieces, { answerMs: 5000 });
    expect(new Set(outcomes.flat())).toEqual(new Set(["done"]));
  }, 30_000);

  test("DBConnector fails nothing but what it asked for when a reply is nested too deep for the interpreter's stack", async () => {
    const depths = Array.from({ length: 12 }, (_, i) => 26_000 + 1000 * i);
    const nested = (depth: number) => `${"*1\r\n".repeat(depth)}:1\r\n`;
    await meet(
      depths.map((depth) => instead("HSET", nested(depth))),
      { answerMs: 5000, env: { BUN_JSC_useJIT: "0" } },
    );
  }, 30_000);

  test("DBConnector leaves no connection open that was being made when another one ended", async () => {
    // The answer to PING is right, so that the subscriber connects; then all is over.
    const early = { ...instead("PING", ":"), place: "after", piece: 1, afterwards: "is reset" } as const;
    await using dir = new TempDir();
    await using victim = new ConnectorVictim(dir.path);
    for (let i = 0; i < 60; i++) await victim.meet(early);
    expect(victim.rssKib).toBeLessThan(MOST_RSS_KIB);
  }, 30_000);

  for (const [what, bytes] of Object.entries({ "a line": "+", "a string": "$99999999999\r\n" }))
    test(`DBConnector ends ${what} without an end by its deadline, however fast it comes`, async () => {
      await meet([{ ...instead("HGETALL", bytes), afterwards: "is flooded" }]);
    }, 30_000);

  for (const writer of WRITERS)
    test(`DBConnector with ${writer} ends what it began and connects again, whatever a server does when it speaks`, async () => {
      await using dir = new TempDir();
      await using victim = new ConnectorVictim(dir.path, { writer });
      await expectProperty(connectorProperty(victim), 15);
      expect(victim.rssKib).toBeLessThan(MOST_RSS_KIB);
    }, 60_000);
});

test("isBeyondTheClient is true of what the client hangs at or takes all memory for", () => {
  const beyond = [">1\r\n$&\r\n\r\n", "$x\r\n", "*2000000\r\n", "$"];
  expect(beyond.filter((bytes) => !isBeyondTheClient(bytes))).toEqual([]);
  expect(["+OK\r\n", ":-1\r\n", "*-1\r\n", "$3\r\nabc\r\n", "*2\r\n:1\r\n_\r\n"].filter(isBeyondTheClient)).toEqual([]);
});

describe("between the daemon and a real Redis", () => {
  testWith(
    canUseFaultBed,
    "Reconciler makes STATE_DB right again after replies of Redis were corrupted, and the daemon lives on",
    async () => {
      await using box = await CorruptedSwitch.open();
      await using daemon = await box.start();
      await box.bringUp(daemon);
      await expectProperty(runningProperty(box, daemon), 6);
      expect(daemon.exitCode).toBeUndefined();
    },
    120,
  );

  testWith(
    canUseFaultBed,
    "Reconciler comes up as ever, or says that there is no Redis, when replies are corrupted while it starts",
    async () => {
      await using box = await CorruptedSwitch.open();
      await expectProperty(startProperty(box), 3);
    },
    120,
  );

  testWith(
    canUseFaultBed,
    "Databases.persist tries again what was answered with the wrong type of reply",
    async () => {
      await using box = await CorruptedSwitch.open();
      // The databases are usable by then, and the ports are still to be read and told of.
      for (const after of [22, 24])
        await box.corruptStart({ after, times: 4, place: "instead", bytes: ":5\r\n", resets: false });
    },
    60,
  );
});
