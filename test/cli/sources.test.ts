import { expect, test } from "bun:test";

import { EXIT } from "../../src/cli/exit.ts";
import { Failure } from "../../src/cli/failure.ts";
import { parseSource } from "../../src/cli/source.ts";
import { openSource } from "../../src/cli/sources.ts";
import { RECEIVED } from "../../src/netlink/socket.ts";
import { encodeTimestamp } from "../../src/rtnetlink/rtmon.ts";
import { link, newLink } from "../rtnetlink/feed.ts";
import { TempDir } from "../support/tempdir.ts";

function failureOf(file: string): Failure {
  try {
    openSource({ kind: "replay", file });
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error("it was opened");
}

for (const [text, expected] of [
  ["kernel", { kind: "kernel" }],
  ["simulate", { kind: "simulate", portCount: 32 }],
  ["simulate:1", { kind: "simulate", portCount: 1 }],
  ["simulate:4096", { kind: "simulate", portCount: 4096 }],
  ["replay:/tmp/a b", { kind: "replay", file: "/tmp/a b" }],
  ["replay:simulate:3", { kind: "replay", file: "simulate:3" }],
  ["replay:", undefined],
  ["replay", undefined],
  ["simulate:0", undefined],
  ["simulate:4097", undefined],
  ["simulate:", undefined],
  ["simulate:1e3", undefined],
  ["simulate:-1", undefined],
  ["simulate: 1", undefined],
  ["simulate:00032x", undefined],
  ["Kernel", undefined],
  ["kernel ", undefined],
  ["", undefined],
] as const) {
  test(`parseSource gives ${JSON.stringify(expected)} for ${JSON.stringify(text)}`, () => {
    expect(parseSource(text)).toEqual(expected);
  });
}

test("openSource reads a recording", async () => {
  await using dir = new TempDir();
  const file = dir.file("links");
  await Bun.write(file, Buffer.concat([encodeTimestamp(0), newLink(link(1))]));
  const source = openSource({ kind: "replay", file });
  const woken = Promise.withResolvers<void>();
  using queue = source.subscribe(0, woken.resolve);
  await woken.promise;
  expect([queue.receive(), queue.buffer.bytes]).toEqual([newLink(link(1)).length, newLink(link(1))]);
  expect(queue.receive()).toBe(RECEIVED.EMPTY);
  expect(await source.ended).toBeUndefined();
});

test("openSource fails with 66 for a recording that is not there or cannot be read", async () => {
  await using dir = new TempDir();
  const missing = failureOf(dir.file("none"));
  expect([missing.exitCode, missing.message.startsWith(`${dir.file("none")}: `)]).toEqual([EXIT.noInput, true]);
  expect(failureOf(dir.path).exitCode).toBe(66);
});

test("openSource fails with 65 for a file that is no recording, and says where", async () => {
  await using dir = new TempDir();
  const file = dir.file("text");
  await Bun.write(file, "these are no netlink messages");
  expect(failureOf(file)).toMatchObject({ exitCode: 65 });
  await Bun.write(file, newLink(link(1)).subarray(0, 20));
  expect(failureOf(file).message).toMatch(`${file}: byte 0: `);
});

test("openSource gives a kernel or a simulation that never ends", () => {
  expect(openSource().ended).toBeUndefined();
  expect(openSource({ kind: "kernel" }).ended).toBeUndefined();
});
