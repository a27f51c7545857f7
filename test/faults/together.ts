import { test } from "bun:test";

import type { Requirement } from "../support/requirement.ts";
import { testWith } from "../support/testwith.ts";

/** As testWith; but tests of this kind that follow each other run at the same time, since they mostly wait. */
export function testTogether(
  requirement: Requirement,
  name: string,
  body: () => void | Promise<void>,
  seconds = 120,
): void {
  if (requirement.ok) test.concurrent(name, body, seconds * 1000);
  else testWith(requirement, name, body, seconds);
}
