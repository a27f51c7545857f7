import { expect, test } from "bun:test";

import { waitUntil, within } from "./deadline.ts";
import { failureOf } from "./failure.ts";

test("waitUntil returns the first truthy answer", async () => {
  let asked = 0;
  expect(await waitUntil("answer", () => ++asked === 3 && "yes")).toBe("yes");
  expect(asked).toBe(3);
});

test("waitUntil says what it waited for, how long, and what it saw", async () => {
  const wait = waitUntil("row", () => false, { seconds: 0.02, seen: () => "no key" });
  expect(await failureOf(wait)).toContain("no row within 0.02 s; seen: no key");
});

test("waitUntil is bounded also when a probe never answers", async () => {
  const never = new Promise<boolean>(() => {});
  expect(await failureOf(waitUntil("row", () => never, { seconds: 0.02 }))).toContain("no row within");
});

test("waitUntil ends at once when it is hopeless", async () => {
  const wait = waitUntil("row", () => false, { hopeless: () => "the daemon ended" });
  expect(await failureOf(wait)).toContain("no row: the daemon ended");
});

test("within names what did not come", async () => {
  expect(await failureOf(within("reply", new Promise(() => {}), 0.01))).toContain("no reply within 0.01 s");
  expect(await within("reply", Promise.resolve(7), 1)).toBe(7);
});
