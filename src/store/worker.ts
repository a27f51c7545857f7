import { parentPort } from "node:worker_threads";

import { addNice } from "../../ffi/libc.ts";
import { systemClock } from "../util/clock.ts";
import { GARBAGE } from "../util/garbage.ts";
import { IdleWork } from "../util/idlework.ts";
import { countOf } from "./columns.ts";
import { Keeper } from "./keeper.ts";
import type { Request } from "./message.ts";

/**
 * Ten steps leave it a tenth of a processor that another wants: enough to save what is queued in time on a busy machine, and
 * whoever waits for what it holds, a collector that stops all compilers for one, does not wait for long.
 */
const NICE = 10;

let keeper: Keeper | undefined;
/** Only when it is quiet: this heap is small, and the processor is wanted by others before. */
const idleWork = new IdleWork(systemClock, { ...GARBAGE, mostEvents: Number.POSITIVE_INFINITY });

giveWay();

// The thread of the store: it may wait for the disk as long as it likes. What is thrown here ends it, and its owner starts another.
parentPort!.on("message", (request: Request) => {
  if (request.kind === "save") idleWork.notice(countOf(request.batch.columns));
  if (request.kind === "open") keeper ??= new Keeper(request.limits, request.instance);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort!.postMessage(keeper!.answer(request));
});

/** Lets the events have the processor. */
function giveWay(): void {
  // The threads that help all collectors of the process begin with one that wants them, and would be as nice.
  GARBAGE.run();
  try {
    addNice(NICE);
  } catch {
    // Where that cannot be, it works all the same.
  }
}
