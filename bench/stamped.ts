// bun bench/stamped.ts DATABASE_CONFIG    what latency.ts measures the stages with; prints them as JSON when it is told to stop
import { kernelSource, type LinkSource } from "../src/rtnetlink/source.ts";
import type { Database } from "../src/swss/database.ts";
import type { ConnectorFactory } from "../src/swss/databases.ts";
import { STATE_DB } from "../src/swss/schema.ts";
import { monotonicMs } from "./libc.ts";
import { openReconciler } from "./reconciler.ts";

/** When a flush passed the seams, in milliseconds of CLOCK_MONOTONIC. */
export interface Stamp {
  /** The event loop called the bell's callback. */
  wokenMs: number;
  /** The first datagram was received. */
  receivedMs: number;
  /** The publisher handed its commands to the connection. */
  writtenMs: number;
  /** Redis' answers were there. */
  acknowledgedMs: number;
}

/** Precedes the stamps in the output. */
export const STAMPS = "stamps ";

/** The kernel, with the times of the last wake-up noted in `now`. */
function stampedSource(now: Stamp): LinkSource {
  const kernel = kernelSource();
  return {
    ...kernel,
    subscribe(receiveBufferBytes, wake) {
      const subscription = kernel.subscribe(receiveBufferBytes, () => {
        now.wokenMs = monotonicMs();
        now.receivedMs = 0;
        wake();
      });
      const receive = subscription.receive.bind(subscription);
      subscription.receive = () => {
        const length = receive();
        if (length >= 0 && now.receivedMs === 0) now.receivedMs = monotonicMs();
        return length;
      };
      return subscription;
    },
  };
}

/** A database that notes for each flush what `now` holds, when it was written and when it was answered. */
function stampedDatabase(database: Database, now: Stamp, stamps: Stamp[]): Database {
  const { name, id, separator, writer } = database;
  return {
    name,
    id,
    separator,
    writer,
    call: (...command) => database.call(...command),
    psubscribe: (pattern, listener) => database.psubscribe(pattern, listener),
    batch: (commands) => database.batch(commands),
    async write(commands) {
      const stamp = { ...now, writtenMs: monotonicMs() };
      stamps.push(stamp);
      const replies = await database.write(commands);
      stamp.acknowledgedMs = monotonicMs();
      return replies;
    },
  };
}

async function main(databaseConfig: string): Promise<void> {
  const now: Stamp = { wokenMs: 0, receivedMs: 0, writtenMs: 0, acknowledgedMs: 0 };
  const stamps: Stamp[] = [];
  const around = (open: ConnectorFactory): ConnectorFactory => {
    return (name, handlers) => {
      const onConnected = (database: Database) =>
        handlers.onConnected(name === STATE_DB ? stampedDatabase(database, now, stamps) : database);
      return open(name, { ...handlers, onConnected });
    };
  };
  const told = new Promise<void>((resolve) => process.once("SIGTERM", resolve));
  const reconciler = openReconciler(databaseConfig, stampedSource(now), around);
  await reconciler.start();
  await told;
  console.log(`${STAMPS}${JSON.stringify(stamps)}`);
  await reconciler.stop(0);
}

if (import.meta.main) {
  await main(process.argv[2]!);
  process.exit();
}
