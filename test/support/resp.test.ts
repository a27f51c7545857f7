import { expect, test } from "bun:test";

import { encodeCommand, ReplyReader, RespError } from "./resp.ts";

const STREAM = Buffer.from(
  "+OK\r\n:12\r\n$-1\r\n*2\r\n$3\r\na\r\n\r\n*1\r\n$0\r\n\r\n-ERR no\r\n$2\r\n\xff\x00\r\n",
  "latin1",
);
const REPLIES = ["OK", 12, null, ["a\r\n", [""]], new RespError("ERR no"), "\xff\0"];

test("ReplyReader reads every kind of reply, whatever the chunks", () => {
  for (let size = 1; size <= STREAM.length; size++) {
    const reader = new ReplyReader();
    const replies = [];
    for (let at = 0; at < STREAM.length; at += size) replies.push(...reader.feed(STREAM.subarray(at, at + size)));
    expect(replies).toEqual(REPLIES);
  }
});

test("encodeCommand counts bytes, not UTF-8", () => {
  expect(encodeCommand(["SET", "\xe9", ""]).toString("latin1")).toBe("*3\r\n$3\r\nSET\r\n$1\r\n\xe9\r\n$0\r\n\r\n");
});
