import { parentPort } from "node:worker_threads";

import { unpackTransitions } from "./columns.ts";
import { Keeper } from "./keeper.ts";
import type { PackedRequest, Request } from "./message.ts";

let keeper: Keeper | undefined;

// The thread of the store: it may wait for the disk as long as it likes. What is thrown here ends it, and its owner starts another.
parentPort!.on("message", (packed: PackedRequest) => {
  const request = unpack(packed);
  if (request.kind === "open") keeper ??= new Keeper(request.limits, request.instance);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort!.postMessage(keeper!.answer(request));
});

function unpack(packed: PackedRequest): Request {
  if (packed.kind !== "save") return packed;
  const { columns, ...batch } = packed.batch;
  return { ...packed, batch: { ...batch, transitions: unpackTransitions(columns) } };
}
