import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { portLabelText } from "../../src/metrics/portlabel.ts";
import { decodeName } from "../../src/util/ifname.ts";
import { parseExposition, seriesName } from "./exposition.ts";

/** Any name that the kernel lets a netdev have (dev_valid_name): 1 to 15 bytes but NUL, white space, "/" and ":". */
const names = fc
  .uint8Array({ minLength: 1, maxLength: 15 })
  .map((bytes) => String.fromCharCode(...bytes))
  .filter((name) => !/[\0\t-\r /:]/.test(name) && name !== "." && name !== "..");
/** Names that are likely to become the same. */
const similar = fc
  .array(fc.constantFrom("\xc3\xa9", "\xe9", "\xc3", "\\", "xe9", "\\xe9", '"', "n"), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join(""));

test("portLabelText is what a reader of the text format takes for the label", () => {
  fc.assert(
    fc.property(fc.oneof(names, similar, fc.constant("a\nb\\n")), (name) => {
      const text = `# HELP m M.\n# TYPE m gauge\nm{port="${portLabelText(name)}"} 1\n`;
      expect([...parseExposition(text).get("m")!.series.keys()]).toEqual([seriesName("m", { port: decodeName(name) })]);
    }),
    { numRuns: 2000 },
  );
});
