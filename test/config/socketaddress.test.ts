import { describe, expect, test } from "bun:test";

import { formatSocketAddress, isLoopback, parseSocketAddress } from "../../src/config/socketaddress.ts";

describe("parseSocketAddress", () => {
  test("reads addresses of both families, and says whether other machines reach them", () => {
    expect(parseSocketAddress("127.0.0.1:9101")).toEqual({ host: "127.0.0.1", port: 9101, isLoopback: true });
    expect(parseSocketAddress("[::1]:1")).toEqual({ host: "::1", port: 1, isLoopback: true });
    expect(parseSocketAddress("0.0.0.0:65535")).toEqual({ host: "0.0.0.0", port: 65_535, isLoopback: false });
    expect(parseSocketAddress("[2001:DB8::1]:80")).toEqual({ host: "2001:DB8::1", port: 80, isLoopback: false });
  });

  for (const text of [
    "",
    "localhost:1",
    "127.0.0.1",
    ":1",
    "1.2.3:1",
    "1.2.3.256:1",
    "[::1]",
    "[::1]:",
    "[::g]:1",
    "[]:1",
  ])
    test(`refuses ${JSON.stringify(text)}`, () => {
      expect(parseSocketAddress(text)).toBeUndefined();
    });
});

describe("formatSocketAddress", () => {
  test("writes what parseSocketAddress reads", () => {
    for (const text of ["127.0.0.1:9101", "[::1]:1"]) expect(formatSocketAddress(parseSocketAddress(text)!)).toBe(text);
  });
});

describe("isLoopback", () => {
  test("knows the loopback addresses in all their spellings, and no other", () => {
    const loopback = ["127.0.0.1", "127.255.255.254", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::ffff:7f01:203"];
    const others = ["0.0.0.0", "128.0.0.1", "10.127.0.1", "::", "::2", "::ffff:10.0.0.1", "::ffff:0:7f00:1", "fe80::1"];
    expect(loopback.filter((host) => !isLoopback(host))).toEqual([]);
    expect(others.filter(isLoopback)).toEqual([]);
  });
});
