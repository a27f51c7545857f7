import { parentPort } from "node:worker_threads";

import { systemClock } from "../util/clock.ts";
import { IdleWork } from "../util/idlework.ts";
import { countOf } from "./columns.ts";
import { Keeper } from "./keeper.ts";
import type { PackedRequest } from "./message.ts";

/** After so many transitions and so much quiet the memory they took is given back. */
const GARBAGE_TRANSITIONS = 10_000;
const QUIET_MS = 5000;

let keeper: Keeper | undefined;
const collect = () => Bun.gc(true);
const idleWork = new IdleWork(systemClock, { quietMs: QUIET_MS, leastEvents: GARBAGE_TRANSITIONS, run: collect });

// The thread of the store: it may wait for the disk as long as it likes. What is thrown here ends it, and its owner starts another.
parentPort!.on("message", (request: PackedRequest) => {
  if (request.kind === "save") idleWork.notice(countOf(request.batch.columns));
  if (request.kind === "open") keeper ??= new Keeper(request.limits, request.instance);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort!.postMessage(keeper!.answer(request));
});
