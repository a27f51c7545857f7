import { closeSync, openSync, writeSync } from "node:fs";

import { enterNetworkNamespace } from "../../ffi/libc.ts";
import { LinkIntake } from "../rtnetlink/intake.ts";
import { dumpLinks } from "../rtnetlink/request.ts";
import { encodeTimestamp } from "../rtnetlink/rtmon.ts";
import { kernelSource } from "../rtnetlink/source.ts";
import { systemClock } from "../util/clock.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { Failure } from "./failure.ts";
import type { RecordOptions } from "./parse.ts";

const RECEIVE_BUFFER_BYTES = 16_777_216;
const DUMP_TIMEOUT_MS = 5000;

/** Writes all links and then every link message to a file in rtmon's format, until it is told to stop. Throws SystemError, Failure. */
export async function runRecord({ file, namespace }: RecordOptions): Promise<ExitCode> {
  if (namespace) enterNetworkNamespace(`/var/run/netns/${namespace}`);
  const end = Promise.withResolvers<void>();
  process.on("SIGINT", end.resolve).on("SIGTERM", end.resolve);
  const fd = openFile(file);
  const write = (message: Uint8Array): void => {
    const padding = new Uint8Array(-message.length & 3);
    try {
      writeSync(fd, Buffer.concat([encodeTimestamp(systemClock.wallNow()), message, padding]));
    } catch (error) {
      end.reject(new Failure(EXIT.ioErr, `${file}: ${error instanceof Error ? error.message : String(error)}`));
    }
  };
  try {
    const source = kernelSource();
    const budget = { datagrams: 1000, ms: 100 };
    using intake = new LinkIntake(source, RECEIVE_BUFFER_BYTES, systemClock, budget, {
      onRaw: write,
      onLink: () => {},
      onLoss: (reason) => void process.stderr.write(`portsyncd record: events were lost (${reason})\n`),
      onEmpty: () => {},
      onPublish: () => {},
      onBroken: end.reject,
    });
    using channel = source.openRequest();
    await dumpLinks(channel, 1, systemClock, DUMP_TIMEOUT_MS, write);
    intake.drain();
    await end.promise;
    budget.datagrams = budget.ms = Infinity; // to the last message that came before the end
    intake.drain();
    return EXIT.ok;
  } finally {
    closeSync(fd);
  }
}

function openFile(file: string): number {
  try {
    return openSync(file, "w", 0o644);
  } catch (error) {
    throw new Failure(EXIT.ioErr, error instanceof Error ? error.message : String(error));
  }
}
