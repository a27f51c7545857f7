import { expect, test } from "bun:test";

import { alertmanagerFormat } from "../../src/alert/alertmanager.ts";
import { endOf, notificationOf } from "./notificationof.ts";

test("alertmanagerFormat says what Alertmanager's API v2 takes, with a generatorURL where there is one", () => {
  const labels = { alertname: "test_rule", rule: "test_rule", severity: "warning", instance: "sw1" };
  const times = { startsAt: "2026-01-31T12:00:00.000Z", endsAt: "2026-01-31T12:04:00.000Z" };
  const annotations = { summary: "s", description: "d", action: "a" };
  const both = [notificationOf("a"), endOf("b")];
  const said = ["a", "b"].map((port) => ({ labels: { ...labels, port }, annotations, ...times }));
  expect(JSON.parse(alertmanagerFormat(() => "").encode(both))).toEqual(said);
  const generatorURL = "http://sw1:9101/";
  const withUrl = said.map((alert) => ({ ...alert, generatorURL }));
  expect(JSON.parse(alertmanagerFormat(() => generatorURL).encode(both))).toEqual(withUrl);
});
