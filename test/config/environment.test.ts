import { describe, expect, test } from "bun:test";

import { readEnvironment } from "../../src/config/environment.ts";
import { formatIssue } from "../../src/config/issue.ts";

describe("readEnvironment", () => {
  test("takes PORTSYNCD_LOG_LEVEL in any case", () => {
    expect(readEnvironment({ PORTSYNCD_LOG_LEVEL: "debug" })).toEqual({ logLevel: "debug", issues: [] });
    expect(readEnvironment({ PORTSYNCD_LOG_LEVEL: "NOTICE" })).toEqual({ logLevel: "notice", issues: [] });
  });

  test("takes an empty or absent variable as not set", () => {
    expect(readEnvironment({ PORTSYNCD_LOG_LEVEL: "" })).toEqual({ logLevel: undefined, issues: [] });
    expect(readEnvironment({})).toEqual({ logLevel: undefined, issues: [] });
  });

  test("names the variable and the allowed values of a bad one", () => {
    const { logLevel, issues } = readEnvironment({ PORTSYNCD_LOG_LEVEL: "loud\n" });
    expect(logLevel).toBeUndefined();
    expect(issues.map(formatIssue)).toEqual([
      'environment: PORTSYNCD_LOG_LEVEL: "loud\\x0a" is not allowed, allowed: emerg, alert, crit, error, warn, notice, info, debug',
    ]);
  });
});
