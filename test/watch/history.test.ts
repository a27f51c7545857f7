import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { DEFAULT_CONFIG } from "../../src/config/schema.ts";
import { setupLogging } from "../../src/log/setup.ts";
import { systemClock } from "../../src/util/clock.ts";
import { openHistory } from "../../src/watch/history.ts";
import { Asked, limitsIn, transitionsFrom } from "../store/requests.ts";
import { TempDir } from "../support/tempdir.ts";

/** What a daemon logs of the history in a directory from its opening to its end. */
async function logOf(directory: string): Promise<string> {
  let text = "";
  const stderr = { isTty: false, inode: undefined, write: (line: string) => ((text += line), true) };
  using _ = setupLogging({ format: "journal", level: "notice", env: {}, stderr, stdout: stderr });
  const config = { ...DEFAULT_CONFIG, store: { ...DEFAULT_CONFIG.store, directory } };
  const store = openHistory(config, systemClock, true, { onFault() {}, onLoaded() {} });
  store.open();
  expect(await store.close(20_000)).toBe(true);
  return text;
}

test("openHistory logs how many changes a damaged piece had, and of which time", async () => {
  await using dir = new TempDir();
  const directory = dir.file("store");
  {
    using asked = new Asked(limitsIn(directory));
    for (const first of [0, 10, 20]) {
      asked.save(transitionsFrom(first, 10));
      asked.pass(7_200_000); // so that each has a piece of its own
    }
  }
  {
    using db = new Database(join(directory, "portsyncd.db"));
    db.run("UPDATE history SET packed = x'00' WHERE id = 11");
  }
  expect(await logOf(directory)).toBe(
    "<3>daemon: 10 changes of the history after 2026-01-31T12:00:00.009Z and before 2026-01-31T12:00:00.020Z are lost, " +
      'in 1 damaged pieces: "its history holds what no version has written"\n',
  );
});

test("openHistory logs which backup it could not use, and why", async () => {
  await using dir = new TempDir();
  const directory = dir.file("store");
  {
    using asked = new Asked(limitsIn(directory));
    asked.save(transitionsFrom(0, 10));
    asked.backup();
  }
  const backup = readdirSync(directory).find((name) => name.includes(".backup-"));
  for (const name of ["portsyncd.db", backup!]) writeFileSync(join(directory, name), "no database");
  const [first, second] = (await logOf(directory)).split("\n");
  expect(first).toMatch(
    new RegExp(
      `^<4>daemon: the backup ${join(directory, backup!)} could not be used: .*NOTADB.*; set aside as portsyncd\\.db\\.corrupt-`,
    ),
  );
  expect(second).toStartWith("<3>daemon: the history could not be used: ");
});
