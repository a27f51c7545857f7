import { Keeper } from "../../src/store/keeper.ts";
import type { Reply, StoreLimits } from "../../src/store/message.ts";
import { Store } from "../../src/store/store.ts";
import type { StoreThread, ThreadFactory, ThreadObserver } from "../../src/store/thread.ts";
import type { Clock } from "../../src/util/clock.ts";
import { DEAF, limitsIn } from "./requests.ts";

/** What a store does in its thread, on real files, in the next turn of the test's own process: a fake clock can be used with it. */
export class InProcess implements StoreThread {
  readonly #observer: ThreadObserver;
  #keeper: Keeper | undefined;

  constructor(observer: ThreadObserver) {
    this.#observer = observer;
  }

  post(request: Parameters<StoreThread["post"]>[0]): void {
    if (request.kind === "open") this.#keeper ??= new Keeper(request.limits, request.instance);
    const keeper = this.#keeper!;
    // Copied as on the way between threads.
    const posted = structuredClone(request);
    queueMicrotask(() => {
      if (this.#keeper !== keeper) return;
      this.#observer.onReply(structuredClone(keeper.answer(posted)) as Reply);
    });
  }

  terminate(): void {
    this.#keeper?.[Symbol.dispose]();
    this.#keeper = undefined;
  }
}

/** A store on real files in the test's own process. */
export function openStore(directory: string, clock: Clock, limits: Partial<StoreLimits> = {}): Store & Disposable {
  const threads: StoreThread[] = [];
  const factory: ThreadFactory = (observer) => {
    const thread = new InProcess(observer);
    threads.push(thread);
    return thread;
  };
  const options = { ...limitsIn(directory, limits), enabled: true, backupIntervalMs: 86_400_000 };
  const store = new Store(options, clock, DEAF, factory);
  // As a process that is killed.
  return Object.assign(store, { [Symbol.dispose]: () => threads.at(-1)?.terminate() });
}
