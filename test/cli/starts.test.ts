import { expect, test } from "bun:test";

import { formatJson, formatText } from "../../src/cli/starts.ts";
import type { PastStart } from "../../src/store/start.ts";

const START: PastStart = {
  wallMs: Date.UTC(2026, 0, 31, 12),
  kind: "warm",
  restoreCount: 3,
  version: "1.2.3",
  endedWallMs: null,
};

test("formatText is a line with columns", () => {
  const ended = { ...START, kind: "standalone", endedWallMs: START.wallMs + 1500 } as const;
  expect([START, ended].map(formatText)).toEqual([
    "2026-01-31T12:00:00.000Z warm       restore count 3, version 1.2.3, no clean end",
    "2026-01-31T12:00:00.000Z standalone restore count 3, version 1.2.3, ended 2026-01-31T12:00:01.500Z",
  ]);
});

test("formatText and formatJson escape what a version would do to the terminal", () => {
  const start = { ...START, version: "\x1b[2J\nFORGED" };
  for (const line of [formatText(start), formatJson(start)]) expect(line).not.toMatch(/[\p{Cc}]/u);
});
