import { describe, expect, test } from "bun:test";

import { isHostAllowed } from "../../src/http/hostcheck.ts";

describe("isHostAllowed", () => {
  const own = ["localhost", "LOCALHOST:9101", "127.0.0.1", "127.0.0.1:80", "127.8.8.8", "[::1]", "[::1]:9101"];
  const foreign = [
    "evil.example",
    "evil.example:9101",
    "localhost.evil.example",
    "10.0.0.1",
    "[2001:db8::1]",
    "0.0.0.0",
  ];
  const none = [
    "",
    " ",
    "local host",
    "localhost:",
    "localhost:port",
    "[::1",
    "::1",
    "[127.0.0.1]",
    "a/b",
    "u@localhost",
  ];

  test("allows on a loopback address the names of it, and no other", () => {
    for (const local of ["127.0.0.1", "::1", "::ffff:127.0.0.1"]) {
      expect(own.filter((host) => !isHostAllowed(host, local))).toEqual([]);
      expect([...foreign, ...none].filter((host) => isHostAllowed(host, local))).toEqual([]);
    }
  });

  test("allows elsewhere any name, since those of the machine are not known, but nothing that is none", () => {
    for (const local of ["10.0.0.1", "2001:db8::1"]) {
      expect([...own, ...foreign].filter((host) => !isHostAllowed(host, local))).toEqual([]);
      expect(none.filter((host) => isHostAllowed(host, local))).toEqual([]);
    }
  });
});
