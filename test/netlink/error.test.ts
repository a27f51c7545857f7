import { expect, test } from "bun:test";

import { DecodeError, NetlinkError } from "../../src/netlink/error.ts";

test("NetlinkError gives an error number its symbol and leaves words as they are", () => {
  expect(new NetlinkError("RTM_GETLINK dump", 105)).toMatchObject({
    name: "NetlinkError",
    request: "RTM_GETLINK dump",
    code: "ENOBUFS",
    message: "RTM_GETLINK dump: ENOBUFS",
  });
  expect(new NetlinkError("RTM_GETLINK dump", "no answer in time").message).toBe("RTM_GETLINK dump: no answer in time");
});

test("DecodeError has a reason to be counted by", () => {
  expect(new DecodeError("name", "no name")).toMatchObject({ name: "DecodeError", reason: "name", message: "no name" });
});
