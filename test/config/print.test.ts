import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { parseConfig } from "../../src/config/load.ts";
import { formatConfig } from "../../src/config/print.ts";
import { DEFAULT_CONFIG, KEYS } from "../../src/config/schema.ts";
import { configs } from "./configs.ts";

describe("formatConfig", () => {
  test("prints every key that has a value", () => {
    const lines = formatConfig(DEFAULT_CONFIG).split("\n");
    for (const [path, key] of KEYS)
      expect([path, lines.some((line) => line.startsWith(`${path.split(".").at(-1)} = `))]).toEqual([
        path,
        key.default !== undefined,
      ]);
  });

  test("prints what loads back to the same configuration", () => {
    fc.assert(
      fc.property(configs, (config) => {
        expect(parseConfig(formatConfig(config), "f")).toEqual({ config });
      }),
    );
  });
});
