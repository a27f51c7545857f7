import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { portLabelText } from "../../src/metrics/portlabel.ts";
import { decodeName } from "../../src/util/ifname.ts";
import { netdevNames } from "../support/netdevnames.ts";
import { parseExposition, seriesName } from "./exposition.ts";

test("portLabelText is what a reader of the text format takes for the label", () => {
  fc.assert(
    fc.property(
      fc.oneof({ arbitrary: netdevNames, weight: 2 }, { arbitrary: fc.constant("a\nb\\n"), weight: 1 }),
      (name) => {
        const text = `# HELP m M.\n# TYPE m gauge\nm{port="${portLabelText(name)}"} 1\n`;
        expect([...parseExposition(text).get("m")!.series.keys()]).toEqual([
          seriesName("m", { port: decodeName(name) }),
        ]);
      },
    ),
    { numRuns: 2000 },
  );
});
