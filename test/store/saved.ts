import { History } from "../../src/store/history.ts";
import type { Transition } from "../../src/store/transition.ts";

/** All that the history of a store holds, in its order. */
export function savedIn(directory: string): Transition[] {
  using history = History.open(directory);
  return [...history.read()].flat();
}
