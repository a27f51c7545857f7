import { afterAll, afterEach, beforeAll } from "bun:test";

import { waitUntil } from "../support/deadline.ts";
import { canUseNamespaces } from "../support/namespace.ts";
import { canUseRedis } from "../support/redis.ts";
import { all } from "../support/requirement.ts";
import type { DatabaseChanges } from "../support/sonicdb.ts";
import { Switch } from "../support/switch.ts";

/** What the tests of the contract need: a kernel and a redis-server of their own. */
export const able = all(canUseNamespaces(), canUseRedis());

// Names come from the kernel as they are, so that a shell, and no other text in between, hands them back.
const DELETE_ALL_LINKS = `
while IFS=': ' read -r name _; do
  case $name in Inter-* | face* | lo) ;; *) ip link del dev "$name" 2>/dev/null ;; esac
done </proc/self/net/dev
:`;

/** One switch for all tests of a file, to be called at its top: each test finds it without links, rows and daemons. */
export function shareSwitch(databases: DatabaseChanges = {}): () => Switch {
  let box: Switch | undefined;
  if (able.ok) {
    beforeAll(async () => {
      box = await Switch.open({ databases });
    });
    afterEach(() => clear(box!));
    afterAll(() => box![Symbol.asyncDispose]());
  }
  return () => box!;
}

async function clear(box: Switch): Promise<void> {
  await box.namespace.run(["sh", "-c", DELETE_ALL_LINKS]);
  for (const database of [box.db.appl, box.db.config, box.db.state]) await database.call("FLUSHALL");
}

/** Waits until STATE_DB's row of a port is exactly this; undefined for no row. */
export async function expectRow(
  box: Switch,
  port: string,
  wanted: Readonly<Record<string, string>> | undefined,
): Promise<void> {
  const key = `PORT_TABLE${box.db.databases.STATE_DB.separator}${port}`;
  const holds = async () => Bun.deepEquals(await box.db.state.hgetall(key), wanted ?? {});
  await waitUntil(`row ${key} of ${JSON.stringify(wanted)}`, holds, {
    seconds: 5,
    seen: () => box.db.state.hgetall(key),
  });
}
