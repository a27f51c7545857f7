import { parentPort } from "node:worker_threads";

import { Keeper } from "./keeper.ts";
import type { Request } from "./message.ts";

let keeper: Keeper | undefined;

// The thread of the store: it may wait for the disk as long as it likes. What is thrown here ends it, and its owner starts another.
parentPort!.on("message", (request: Request) => {
  if (request.kind === "open") keeper ??= new Keeper(request.limits, request.instance);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort!.postMessage(keeper!.answer(request));
});
