import { expect, test } from "bun:test";

import { makePlan } from "./plan.ts";
import { shrink } from "./shrink.ts";

test("shrink() leaves the operations that a failure needs, in their order", () => {
  const plan = makePlan(4);
  const [first, second] = [plan.operations[3]!, plan.operations.at(-2)!];
  const shrunk = shrink(plan, ({ operations }) => operations.includes(first) && operations.includes(second));
  expect(shrunk.operations).toEqual([first, second]);
});
