import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Store } from "../../src/store/store.ts";
import { systemClock } from "../../src/util/clock.ts";
import { limitsIn, transitionAt } from "./requests.ts";

// A process with a store in the directory that is its argument; "closed" behind it leaves it to be opened. It does what the lines of its stdin say, and prints one
// JSON object a line: each change of state, each recovery, and how many transitions are known to be saved. Meanwhile its
// event loop turns, and counts its turns.

const directory = process.argv[2]!;
const filler = join(directory, "filler");
const print = (object: object): void => void process.stdout.write(`${JSON.stringify(object)}\n`);

const store = new Store({ ...limitsIn(directory), enabled: true, backupIntervalMs: 3_600_000 }, systemClock, {
  onState: (state, reason) => print({ state, reason }),
  onLoaded() {},
  onRecovery: (recovery) => print({ recovery }),
  onLoss: (loss) => print({ loss }),
  onBadBackup: (badBackup) => print({ badBackup }),
});
if (process.argv[3] !== "closed") store.open();

let recorded = 0;
let saved = 0;
let turns = 0;
let isEndless = false;

function record(count: number): void {
  for (const end = recorded + count; recorded < end; recorded++) store.record(transitionAt(recorded));
}

function turn(): void {
  turns++;
  if (isEndless && store.status.queued < 5000) record(20);
  const { queued, dropped } = store.status;
  if (recorded - queued - dropped > saved) {
    saved = recorded - queued - dropped;
    print({ saved });
  }
  setImmediate(turn);
}

/** Takes all the space that is left where the store is. */
function fill(): void {
  for (let size = 1 << 20; size >= 1; size >>= 1) {
    for (;;) {
      try {
        writeFileSync(filler, Buffer.alloc(size), { flag: "a" });
      } catch {
        break;
      }
    }
  }
  print({ filled: true });
}

const commands: Record<string, (argument: string) => unknown> = {
  record: (count) => record(Number(count)),
  open: () => store.open(),
  endless: () => (isEndless = true),
  status: () => print({ status: store.status, turns }),
  fill,
  unfill: () => rmSync(filler),
  sh: (script) => print({ sh: Bun.spawnSync(["sh", "-c", script]).exitCode }),
  close: async (timeoutMs) => {
    print({ closed: await store.close(Number(timeoutMs)) });
    process.exit();
  },
};

turn();
for await (const line of console) {
  const [name, ...words] = line.split(" ");
  await commands[name!]!(words.join(" "));
}
