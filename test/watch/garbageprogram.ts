import { readFile } from "node:fs/promises";

import { CollectionCounter } from "../../src/watch/garbage.ts";

// Makes garbage in short turns of the event loop, and prints how many collections were counted.

const TURNS = 1500;
const OBJECTS_A_TURN = 1000;
const MOST_KEPT = 20_000;

const counter = new CollectionCounter();
let kept: object[] = [];
for (let turn = 0; turn < TURNS; turn++) {
  for (let i = 0; i < OBJECTS_A_TURN; i++) kept.push({ turn, text: `${turn} ${i}` });
  if (kept.length > MOST_KEPT) kept = [];
  await readFile(import.meta.path); // the event loop turns
}
console.log(`counted ${counter.collections}`);
