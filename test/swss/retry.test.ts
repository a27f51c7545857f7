import { expect, test } from "bun:test";

import type { RedisAddress } from "../../src/swss/dbconfig.ts";
import { DBConnector } from "../../src/swss/dbconnector.ts";
import { systemClock } from "../../src/util/clock.ts";
import { within } from "../support/deadline.ts";
import { TempDir } from "../support/tempdir.ts";

/** The pauses between attempts to connect to an address where nobody listens; a clock that is always in time. */
async function pausesAt(address: RedisAddress, attempts: number): Promise<number[]> {
  const pauses: number[] = [];
  const over = Promise.withResolvers<void>();
  const clock = {
    ...systemClock,
    after: (delayMs: number, task: () => void) => {
      if (delayMs !== ANSWER_MS) pauses.push(Math.round(delayMs));
      return systemClock.after(delayMs === ANSWER_MS ? delayMs : 0, task);
    },
  };
  const location = { name: "STATE_DB", address, id: 6, separator: "|" } as const;
  const options = { connectMs: ANSWER_MS, answerMs: ANSWER_MS, retryMs: 2000, writer: "native" } as const;
  let failures = 0;
  const connector = new DBConnector(location, clock, options, {
    onConnected: async () => {},
    onLost: () => {},
    onFailed: () => void (++failures === attempts && over.resolve()),
  });
  connector.open();
  await within(`${attempts} attempts`, over.promise, 10);
  connector.close();
  return pauses;
}

const ANSWER_MS = 4321;

test("DBConnector asks a server of this machine at least each half second", async () => {
  await using dir = new TempDir();
  const pauses = await pausesAt({ path: dir.file("nobody.sock") }, 12);
  expect(pauses.length).toBeGreaterThan(8);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(500);
  expect(Math.max(...pauses)).toBeGreaterThan(200);
});
