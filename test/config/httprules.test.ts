import { describe, expect, test } from "bun:test";

import { findHttpIssues } from "../../src/config/httprules.ts";
import { formatIssue } from "../../src/config/issue.ts";
import { type Config, DEFAULT_CONFIG } from "../../src/config/schema.ts";

const CERTIFIED = { certificate: "/c.pem", key: "/k.pem" };

function issuesOf(http: Partial<Config["http"]>): string[] {
  return findHttpIssues({ ...DEFAULT_CONFIG.http, ...http }, "f").map(formatIssue);
}

describe("findHttpIssues", () => {
  test("finds nothing in the defaults, which other machines cannot reach", () => {
    expect(issuesOf({})).toEqual([]);
    expect(issuesOf({ listen: [] })).toEqual([]);
  });

  test("refuses an address that other machines reach without a certificate, unless that is said", () => {
    const listen = ["127.0.0.1:1", "0.0.0.0:1", "127.9.9.9:1", "[::ffff:127.0.0.1]:1", "[::]:1", "10.0.0.1:1"];
    const remedy = "allowed with http.certificate and http.key, or with http.insecure = true";
    expect(issuesOf({ listen })).toEqual([
      `f: http.listen[1]: "0.0.0.0:1" can be reached by other machines, ${remedy}`,
      `f: http.listen[4]: "[::]:1" can be reached by other machines, ${remedy}`,
      `f: http.listen[5]: "10.0.0.1:1" can be reached by other machines, ${remedy}`,
    ]);
    expect(issuesOf({ listen, insecure: true })).toEqual([]);
    expect(issuesOf({ listen, ...CERTIFIED })).toEqual([]);
  });

  test("refuses a certificate without its key, a key without its certificate, and CAs without both", () => {
    expect(issuesOf({ certificate: "/c.pem" })).toEqual(["f: http.key: is needed with http.certificate"]);
    expect(issuesOf({ key: "/k.pem" })).toEqual(["f: http.certificate: is needed with http.key"]);
    expect(issuesOf({ key: "/k.pem", listen: ["10.0.0.1:1"] })).toHaveLength(2);
    expect(issuesOf({ client_ca: "/ca.pem" })).toEqual([
      "f: http.certificate: is needed with http.client_ca: without TLS nobody has a certificate",
    ]);
    expect(issuesOf({ ...CERTIFIED, client_ca: "/ca.pem" })).toEqual([]);
  });

  test("refuses an address that is there twice", () => {
    expect(issuesOf({ listen: ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:1"] })).toEqual([
      'f: http.listen[2]: "127.0.0.1:1" is there twice',
    ]);
  });
});
