import { expect, test } from "bun:test";

import { type ServerCounters, serverReadings } from "../../src/watch/serverreadings.ts";

const HTTP: ServerCounters = {
  requests: {
    answers: new Map([
      [200, 5],
      [204, 1],
      [404, 3],
      [451, 4],
      [503, 2],
    ]),
    malformed: 7,
  },
  connections: { accepted: 11, refused: 12, evicted: 13, slowRequests: 14, slowAnswers: 15 },
  open: 8,
};
const ADMIN: ServerCounters = {
  requests: { answers: new Map(), malformed: 0 },
  connections: { accepted: 1, refused: 0, evicted: 0, slowRequests: 0, slowAnswers: 0 },
  open: 1,
};

/** The samples as text: `http 2xx 6`. */
function told(samples: Iterable<{ readonly labels: object; readonly value: number }>): string[] {
  return Array.from(samples, ({ labels, value }) => [...Object.values(labels), value].join(" "));
}

test("serverReadings has what each server has counted, by class of status, outcome and reason", () => {
  const readings = serverReadings(() => ({ http: HTTP, admin: ADMIN }));
  expect(told(readings.portsyncd_http_requests_total())).toEqual([
    "http 2xx 6",
    "http 4xx 7",
    "http 5xx 2",
    "admin 2xx 0",
    "admin 4xx 0",
    "admin 5xx 0",
  ]);
  expect(told(readings.portsyncd_http_malformed_requests_total())).toEqual(["http 7", "admin 0"]);
  expect(told(readings.portsyncd_http_open_connections())).toEqual(["http 8", "admin 1"]);
  expect(told(readings.portsyncd_http_connections_total())).toEqual([
    "http accepted 11",
    "http refused 12",
    "admin accepted 1",
    "admin refused 0",
  ]);
  expect(told(readings.portsyncd_http_aborted_connections_total())).toEqual([
    "http evicted 13",
    "http slow_request 14",
    "http slow_answer 15",
    "admin evicted 0",
    "admin slow_request 0",
    "admin slow_answer 0",
  ]);
});

test("serverReadings has every series at 0 where there is no server", () => {
  const readings = serverReadings(() => undefined);
  const all = Object.values(readings).flatMap((read) => told(read()));
  expect(all).toHaveLength(6 + 2 + 2 + 4 + 6);
  expect(all.filter((line) => !line.endsWith(" 0"))).toEqual([]);
});
