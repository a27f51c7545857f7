import { describe, expect, test } from "bun:test";

import { readEnvironment } from "../../src/config/environment.ts";
import { formatIssue } from "../../src/config/issue.ts";

const ABSENT = { logLevel: undefined, eoiuTimeoutSecs: 10, http: {}, issues: [] };

describe("readEnvironment", () => {
  test("takes PORTSYNCD_LOG_LEVEL in any case", () => {
    expect(readEnvironment({ PORTSYNCD_LOG_LEVEL: "debug" })).toEqual({ ...ABSENT, logLevel: "debug" });
    expect(readEnvironment({ PORTSYNCD_LOG_LEVEL: "NOTICE" })).toEqual({ ...ABSENT, logLevel: "notice" });
  });

  test("takes an empty or absent variable as not set", () => {
    expect(readEnvironment({ PORTSYNCD_LOG_LEVEL: "", PORTSYNCD_EOIU_TIMEOUT_SECS: "" })).toEqual(ABSENT);
    expect(readEnvironment({})).toEqual(ABSENT);
  });

  test("takes PORTSYNCD_EOIU_TIMEOUT_SECS as seconds, fractions too", () => {
    expect(readEnvironment({ PORTSYNCD_EOIU_TIMEOUT_SECS: "0.5" })).toEqual({ ...ABSENT, eoiuTimeoutSecs: 0.5 });
    expect(readEnvironment({ PORTSYNCD_EOIU_TIMEOUT_SECS: "3600" })).toEqual({ ...ABSENT, eoiuTimeoutSecs: 3600 });
  });

  test("takes PORTSYNCD_METRICS_CERT, _KEY and _CA as keys of [http], each by itself", () => {
    expect(
      readEnvironment({ PORTSYNCD_METRICS_CERT: "/a", PORTSYNCD_METRICS_KEY: "", PORTSYNCD_METRICS_CA: "/c" }),
    ).toEqual({ ...ABSENT, http: { certificate: "/a", client_ca: "/c" } });
    expect(readEnvironment({ PORTSYNCD_METRICS_KEY: "/b c" })).toEqual({ ...ABSENT, http: { key: "/b c" } });
  });

  test("refuses a relative path for PORTSYNCD_METRICS_CERT, which would depend on where the daemon was started", () => {
    const { http, issues } = readEnvironment({ PORTSYNCD_METRICS_CERT: "cert.pem" });
    expect(http).toEqual({});
    expect(issues.map(formatIssue)).toEqual([
      'environment: PORTSYNCD_METRICS_CERT: "cert.pem" is not allowed, allowed: an absolute path',
    ]);
  });

  test("names the variable and the allowed values of every bad one", () => {
    const { logLevel, issues } = readEnvironment({
      PORTSYNCD_LOG_LEVEL: "loud\n",
      PORTSYNCD_EOIU_TIMEOUT_SECS: "ten",
    });
    expect(logLevel).toBeUndefined();
    expect(issues.map(formatIssue)).toEqual([
      'environment: PORTSYNCD_LOG_LEVEL: "loud\\x0a" is not allowed, allowed: emerg, alert, crit, error, warn, notice, info, debug',
      'environment: PORTSYNCD_EOIU_TIMEOUT_SECS: "ten" is not allowed, allowed: a number of seconds above 0, at most 3600',
    ]);
  });

  for (const text of ["0", "-1", "3601", "1e3", "NaN", "Infinity", "10s", " 10", "0x10"]) {
    test(`refuses ${JSON.stringify(text)} for PORTSYNCD_EOIU_TIMEOUT_SECS`, () => {
      expect(readEnvironment({ PORTSYNCD_EOIU_TIMEOUT_SECS: text }).issues.length).toBe(1);
    });
  }
});
