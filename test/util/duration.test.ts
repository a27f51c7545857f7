import { describe, expect, test } from "bun:test";

import { parseDuration } from "../../src/util/duration.ts";

describe("parseDuration", () => {
  test("reads a number with a unit as milliseconds", () => {
    const found = ["0s", "90s", "30m", "2h", "1d", "1w"].map(parseDuration);
    expect(found).toEqual([0, 90_000, 1_800_000, 7_200_000, 86_400_000, 604_800_000]);
  });

  test("reads nothing else", () => {
    const texts = ["", "2", "h", "1.5h", "-1h", "1h30m", "1 h", "1y", "9999999999s", "1h\n"];
    expect(texts.filter((text) => parseDuration(text) !== undefined)).toEqual([]);
  });
});
