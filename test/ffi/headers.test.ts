import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Layout } from "../../ffi/struct.ts";
import { testWith } from "../support/testwith.ts";
import { ableToCompile, evaluateC } from "./cprogram.ts";

const FFI = join(import.meta.dir, "../../ffi");

/** Every file of ffi/ and the headers whose words it repeats. */
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  "errno.ts": ["errno.h"],
  "libc.ts": ["fcntl.h", "sched.h", "sys/resource.h", "time.h"],
  "struct.ts": [],
  "linux/if.ts": ["sys/socket.h", "linux/if.h"],
  "linux/if_link.ts": ["linux/if_link.h"],
  "linux/netlink.ts": ["sys/socket.h", "linux/netlink.h"],
  "linux/rtnetlink.ts": ["linux/rtnetlink.h"],
  "sys/poll.ts": ["poll.h"],
  "sys/socket.ts": ["sys/socket.h"],
  "sys/un.ts": ["sys/un.h"],
};

/** Groups of constants that are an object here and words with a prefix in C. */
const PREFIXES: Readonly<Record<string, string>> = { errno: "", IFF: "IFF_" };

/** Words that C spells in another way. */
const IN_C: Readonly<Record<string, string>> = {
  // An int with the sign bit in C, but what it masks is nla_type.
  NLA_TYPE_MASK: "(uint16_t)NLA_TYPE_MASK",
  "offsetof(struct ifinfomsg, ifi_pad)": "offsetof(struct ifinfomsg, __ifi_pad)",
  // The copy of the request's header, which not every answer has, is not part of it here.
  "sizeof(struct nlmsgerr)": "offsetof(struct nlmsgerr, msg)",
  "offsetof(struct mmsghdr, msg_hdr_pad)": "offsetof(struct mmsghdr, msg_hdr.msg_flags) + sizeof(int)",
};

/** Numbers of ffi/ that are no words of C. */
const OWN: ReadonlySet<string> = new Set(["DISCARDED_AT_ONCE", "THIS_THREAD"]);

/** What ffi/ says of each word of C: constants, sizes and offsets. */
type Words = Map<string, bigint>;

function inC(word: string): string {
  return IN_C[word] ?? word.replace(/(?<=struct mmsghdr, )(?=msg_(?!len))/, "msg_hdr.");
}

function isLayout(value: unknown): value is Layout<string> {
  return typeof value === "object" && value !== null && "size" in value && "offset" in value;
}

function addExport(words: Words, name: string, value: unknown): void {
  if (typeof value === "number") words.set(name, BigInt(value));
  else if (isLayout(value)) {
    words.set(`sizeof(struct ${name})`, BigInt(value.size));
    for (const [member, offset] of Object.entries(value.offset)) {
      words.set(`offsetof(struct ${name}, ${member})`, BigInt(offset));
    }
  } else if (typeof value === "object") {
    const prefix = PREFIXES[name];
    if (prefix === undefined) throw new Error(`${name} is neither a layout nor in PREFIXES`);
    for (const [word, number] of Object.entries(value as Record<string, number>)) {
      words.set(prefix + word, BigInt(number));
    }
  } else if (typeof value !== "function") throw new Error(`${name} is a ${typeof value}`);
}

/** What a file exports, and the constants that it keeps to itself. */
async function wordsOf(file: string): Promise<Words> {
  const words: Words = new Map();
  const exports = (await import(join(FFI, file))) as Record<string, unknown>;
  for (const [name, value] of Object.entries(exports)) addExport(words, name, value);
  const text = readFileSync(join(FFI, file), "utf8");
  for (const [, name, value] of text.matchAll(/^const ([A-Z][A-Z0-9_]*) = (\d\w*);$/gm)) {
    if (!OWN.has(name!)) words.set(name!, BigInt(value!));
  }
  return words;
}

test("ffi has no file whose headers are not known here", () => {
  const files = Array.from(new Bun.Glob("**/*.ts").scanSync(FFI));
  expect(files.sort()).toEqual(Object.keys(HEADERS).sort());
});

test("ffi/libc.ts has the constants that it keeps to itself where this test finds them", async () => {
  const names = Array.from((await wordsOf("libc.ts")).keys());
  expect(names.sort()).toEqual(["CLOCK_MONOTONIC", "CLONE_NEWNET", "O_CLOEXEC", "O_RDONLY", "PRIO_PROCESS"]);
});

for (const [file, headers] of Object.entries(HEADERS)) {
  if (headers.length === 0) continue;
  testWith(
    ableToCompile,
    `ffi/${file} says what ${headers.join(", ")} say of each constant, size and offset`,
    async () => {
      const words = await wordsOf(file);
      expect(words.size).toBeGreaterThan(0);
      const names = Array.from(words.keys());
      const values = await evaluateC(headers, new Map(names.map((word, i) => [`${i}`, inC(word)])));
      expect(words).toEqual(new Map(names.map((word, i) => [word, values.get(`${i}`)!])));
    },
  );
}
