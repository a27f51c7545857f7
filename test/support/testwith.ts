import { test } from "bun:test";

import type { Requirement } from "./requirement.ts";

/** A test where the requirement is met; elsewhere one that is skipped with the reason in its name. */
export function testWith(requirement: Requirement, name: string, body: () => void | Promise<void>, seconds = 20): void {
  if (requirement.ok) test(name, body, seconds * 1000);
  else test.skip(`${name} (skipped: ${requirement.reason})`, body);
}
