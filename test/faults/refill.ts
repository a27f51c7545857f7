import type { Fields } from "../support/database.ts";
import type { DatabaseName, SonicDb } from "../support/sonicdb.ts";

const NAMES = ["CONFIG_DB", "APPL_DB", "STATE_DB"] as const satisfies readonly DatabaseName[];
type Name = (typeof NAMES)[number];

/** The hashes of the three databases; of APPL_DB, where others keep sets, the rows of ports. */
export type Snapshot = Readonly<Record<Name, ReadonlyMap<string, Fields>>>;

function client(db: SonicDb, name: Name) {
  return { CONFIG_DB: db.config, APPL_DB: db.appl, STATE_DB: db.state }[name];
}

/** All hashes as they are now. */
export async function snapshot(db: SonicDb): Promise<Snapshot> {
  const hashes = await Promise.all(
    NAMES.map((name) => client(db, name).hashes(name === "APPL_DB" ? "PORT_TABLE:*" : "*")),
  );
  return Object.fromEntries(NAMES.map((name, i) => [name, hashes[i]!])) as unknown as Snapshot;
}

/** Writes hashes as others on the switch do after Redis has lost them. */
export async function refill(db: SonicDb, from: Snapshot, names: readonly Name[] = NAMES): Promise<void> {
  const writes = names.flatMap((name) => [...from[name]].map(([key, fields]) => client(db, name).hset(key, fields)));
  await Promise.all(writes);
}
