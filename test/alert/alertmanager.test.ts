import { expect, test } from "bun:test";

import { alertmanagerFormat } from "../../src/alert/alertmanager.ts";
import { endOf, notificationOf } from "./notificationof.ts";

test("alertmanagerFormat says what Alertmanager's API v2 takes, with a generatorURL where there is one", () => {
  const common = {
    annotations: { summary: "s", description: "d", action: "a" },
    startsAt: "2026-01-31T12:00:00.000Z",
    endsAt: "2026-01-31T12:04:00.000Z",
  };
  const labels = { alertname: "test_rule", rule: "test_rule", severity: "warning", instance: "sw1" };
  const [a, b] = [{ labels: { ...labels, port: "a" } }, { labels: { ...labels, port: "b" } }];
  const say = (url: string) => JSON.parse(alertmanagerFormat(() => url).encode([notificationOf("a"), endOf("b")]));
  expect(say("")).toEqual([
    { ...a, ...common },
    { ...b, ...common },
  ]);
  const generatorURL = "http://sw1:9101/";
  expect(say(generatorURL)).toEqual([
    { ...a, ...common, generatorURL },
    { ...b, ...common, generatorURL },
  ]);
});
