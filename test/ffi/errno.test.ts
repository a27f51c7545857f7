import { expect, test } from "bun:test";

import { errno, errnoName } from "../../ffi/errno.ts";

test("errnoName gives the symbol of every number in errno, and the number of any other", () => {
  for (const [name, number] of Object.entries(errno)) expect(errnoName(number)).toBe(name);
  expect(errnoName(0)).toBe("errno 0");
  expect(errnoName(133)).toBe("errno 133");
});
