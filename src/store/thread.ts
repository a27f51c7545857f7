import { closeSync, openSync } from "node:fs";

import type { Reply, Request } from "./message.ts";

/** Where requests go. */
export interface StoreThread {
  /** Sends a request; the answer comes to the observer. */
  post(request: Request): void;
  /** Ends it, whatever it is doing; the observer hears no more of it. */
  terminate(): void;
}

/** Who hears of a thread. */
export interface ThreadObserver {
  onReply(reply: Reply): void;
  /** It has ended by itself: nothing that was posted is answered any more. */
  onEnd(reason: string): void;
}

/** Starts a thread. */
export type ThreadFactory = (observer: ThreadObserver) => StoreThread;

// Beside this file in the sources; in the compiled binary, where this file is part of the program, below the program.
const WORKER = import.meta.path.endsWith("/thread.ts") ? "./worker.ts" : "./store/worker.ts";

/** What a thread opens for its event loop, and some more. */
const NEEDED_FILES = 16;

/** Starts the thread that has the database. It keeps neither the process alive nor, while idle, the processor awake. Throws when no files can be opened. */
export const startThread: ThreadFactory = (observer) => {
  requireFiles(NEEDED_FILES);
  let isOver = false;
  const worker = new Worker(new URL(WORKER, import.meta.url).href, { smol: true, ref: false });
  const end = (reason: string): void => {
    if (isOver) return;
    isOver = true;
    worker.terminate();
    observer.onEnd(reason);
  };
  worker.addEventListener("message", ({ data }: MessageEvent<Reply>) => {
    if (!isOver) observer.onReply(data);
  });
  worker.addEventListener("error", ({ message }) => end(firstLine(message)));
  worker.addEventListener("close", () => end("it was terminated"));
  return {
    // All is copied, nothing transferred: a batch may have to be sent again.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    post: (request) => worker.postMessage(request),
    terminate: () => {
      isOver = true;
      worker.terminate();
    },
  };
};

/** Bun ends the whole process when a thread cannot have its event loop: that so many files can be opened is tried before. */
function requireFiles(count: number): void {
  const files: number[] = [];
  try {
    while (files.length < count) files.push(openSync("/dev/null", "r"));
  } finally {
    for (const file of files) closeSync(file);
  }
}

/** The message of an error in a thread comes with source code and stack; the line that names the error is what says something. */
function firstLine(message: string): string {
  const lines = message.split("\n");
  return (lines.find((line) => /^\w*(Error|Message): /.test(line)) ?? lines[0]!).trim();
}
