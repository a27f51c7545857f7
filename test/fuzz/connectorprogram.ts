import { readPortConfig } from "../../src/port/portconfig.ts";
import { readPublished } from "../../src/port/statetable.ts";
import { type Database, DatabaseLostError, ReplyError, type Writer } from "../../src/swss/database.ts";
import { DBConnector } from "../../src/swss/dbconnector.ts";
import { followLogger } from "../../src/swss/logger.ts";
import { ProducerStateTable } from "../../src/swss/producerstatetable.ts";
import { Table } from "../../src/swss/table.ts";
import { decideWarmStart } from "../../src/swss/warmstart.ts";
import { systemClock } from "../../src/util/clock.ts";

// bun test/fuzz/connectorprogram.ts ANSWER_MS WRITER: connects as the daemon does to the servers it is told of on stdin, one a line,
// and says on stdout what becomes of it.

const ANSWER_MS = Number(process.argv[2]);
const WRITER = process.argv[3] as Writer;
const RETRY_MS = 20;

/** What the daemon asks a database for; each has to end, with a value or with an error that says why not. */
const WORK: Readonly<Record<string, (database: Database) => Promise<unknown>>> = {
  set: (database) => new Table(database, "PORT_TABLE").set("Ethernet0", { state: "ok" }),
  batch: (database) =>
    database.batch(Array.from({ length: 5 }, (_, i) => ["HSET", `PORT_TABLE|Ethernet${i}`, "a", "b"])),
  write: (database) =>
    database.write([
      ["DEL", "PORT_TABLE|Ethernet0"],
      ["HSET", "PORT_TABLE|Ethernet0", "a", "b"],
      ["HSET", "PORT_TABLE|\u00ff", "a", "b"],
    ]),
  scan: (database) => new Table(database, "PORT_TABLE").scan(),
  keys: (database) => new Table(database, "PORT_TABLE").keys(),
  rows: (database) => new Table(database, "PORT_TABLE").rows(["Ethernet0", "Ethernet4"]),
  ports: (database) => readPortConfig(database),
  published: (database) => readPublished(database, ["Ethernet0", "Ethernet4"]),
  warm: (database) => decideWarmStart(database),
  produce: (database) =>
    new ProducerStateTable(database, "PORT_TABLE").set([{ key: "PortInitDone", fields: [["a", "b"]] }]),
  follow: (database) => followLogger(database, () => {}),
  hear: (database) => database.psubscribe("__keyspace@6__:PORT_TABLE|*", () => {}),
  lengths: (database) =>
    database.batch([
      ["HLEN", "a"],
      ["HEXISTS", "a", "b"],
      ["CONFIG", "GET", "x"],
      ["DEL", "a"],
    ]),
};
const TOKEN = "right";

function say(path: string, what: string, detail = ""): void {
  process.stdout.write(`${JSON.stringify({ path, what, detail })}\n`);
}

async function work(path: string, database: Database): Promise<void> {
  const outcomes = await Promise.all(
    Object.entries(WORK).map(async ([name, begin]) => {
      try {
        await begin(database);
        return "done";
      } catch (error) {
        if (error instanceof ReplyError || error instanceof DatabaseLostError) return error.name;
        say(path, "wrong", `${name}: ${error instanceof Error ? error.stack : String(error)}`);
        return "wrong";
      }
    }),
  );
  say(path, "settled", outcomes.join(" "));
}

/** Sees that the database does what it is asked for. */
async function echo(path: string, database: Database): Promise<void> {
  const reply = await database.call("ECHO", TOKEN).catch(() => undefined);
  if (reply === TOKEN) say(path, "right");
}

const connectors = new Map<string, { readonly connector: DBConnector; readonly working: Set<Promise<void>> }>();

function open(path: string): void {
  const working = new Set<Promise<void>>();
  let hasWorked = false;
  const location = { name: "STATE_DB", address: { path }, id: 6, separator: "|" } as const;
  const timeouts = { connectMs: ANSWER_MS, answerMs: ANSWER_MS, retryMs: RETRY_MS, writer: WRITER };
  const connector = new DBConnector(location, systemClock, timeouts, {
    onConnected: async (database) => {
      say(path, "connected");
      // The first connection that comes about does all the work; it may be the one that meets with something.
      const worked = hasWorked ? Promise.resolve() : work(path, database);
      const job = worked.then(() => echo(path, database)).finally(() => working.delete(job));
      hasWorked = true;
      working.add(job);
    },
    onLost: ({ message }) => say(path, "lost", message),
    onFailed: ({ message }) => say(path, "failed", message),
  });
  connectors.set(path, { connector, working });
  connector.open();
}

async function close(path: string): Promise<void> {
  const { connector, working } = connectors.get(path)!;
  connectors.delete(path);
  connector.close();
  await Promise.all(working);
  say(path, "closed");
}

for await (const line of console) {
  const [verb, path = ""] = line.split(" ");
  if (verb === "open") open(path);
  else void close(path);
}
