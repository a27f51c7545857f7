import { expect, test } from "bun:test";

import { judgeStatus } from "../../src/alert/answer.ts";

const WALL = Date.UTC(2030, 0, 1);

function judge(status: number, text = "", retryAfter?: string) {
  return judgeStatus(status, text, retryAfter, WALL);
}

test("judgeStatus takes 2xx as delivered, 429 and 5xx as worth another attempt, and all else as refused", () => {
  const kinds = (...statuses: number[]) => statuses.map((status) => judge(status).kind);
  expect(kinds(200, 202, 204)).toEqual(["delivered", "delivered", "delivered"]);
  expect(kinds(429, 500, 502, 503, 599)).toEqual(["failed", "failed", "failed", "failed", "failed"]);
  expect(kinds(400, 401, 404, 408, 422, 101, 0)).toEqual(Array.from({ length: 7 }, () => "refused"));
  expect(kinds(301, 302, 307, 308)).toEqual(["refused", "refused", "refused", "refused"]);
});

test("judgeStatus says what the receiver said", () => {
  expect(judge(400, " bad label\n")).toEqual({ kind: "refused", reason: "HTTP status 400: bad label" });
  expect(judge(404)).toEqual({ kind: "refused", reason: "HTTP status 404" });
  expect(judge(302)).toEqual({ kind: "refused", reason: "HTTP status 302 (a redirection is not followed)" });
});

test("judgeStatus waits as long as the receiver asks, but no longer than five minutes", () => {
  const waitMs = (retryAfter: string) => {
    const answer = judge(503, "", retryAfter);
    return answer.kind === "failed" ? answer.waitMs : "";
  };
  expect(waitMs("7")).toBe(7000);
  expect(waitMs(new Date(WALL + 90_000).toUTCString())).toBe(90_000);
  expect(waitMs(new Date(WALL - 90_000).toUTCString())).toBe(0);
  expect(waitMs("999999999")).toBe(300_000);
  expect(["", "soon", "-5x", "1e9"].map(waitMs)).toEqual([undefined, undefined, undefined, undefined]);
});
