import { expect, test } from "bun:test";

import { webhookFormat } from "../../src/alert/webhook.ts";
import { endOf, notificationOf } from "./notificationof.ts";

const format = webhookFormat(() => "http://sw1:9101/");

test("webhookFormat says what Alertmanager says to webhooks, version 4", () => {
  const labels = { alertname: "port_flapping", rule: "port_flapping", severity: "warning", instance: "sw1" };
  const both = [
    notificationOf("00000000000000aa", { labels: { ...labels, port: "Ethernet0" } }),
    endOf("00000000000000bb", {
      labels: { ...labels, port: "Ethernet4" },
      annotations: { summary: "other", description: "d", action: "a" },
    }),
  ];
  expect(JSON.parse(format.encode(both))).toEqual({
    version: "4",
    groupKey: '{}:{alertname="port_flapping", instance="sw1"}',
    truncatedAlerts: 0,
    status: "firing",
    receiver: "portsyncd",
    groupLabels: { alertname: "port_flapping", instance: "sw1" },
    commonLabels: labels,
    commonAnnotations: { description: "d", action: "a" },
    externalURL: "http://sw1:9101/",
    alerts: [
      {
        status: "firing",
        labels: { ...labels, port: "Ethernet0" },
        annotations: { summary: "s", description: "d", action: "a" },
        startsAt: "2026-01-31T12:00:00.000Z",
        endsAt: "0001-01-01T00:00:00Z",
        generatorURL: "http://sw1:9101/",
        fingerprint: "00000000000000aa",
      },
      {
        status: "resolved",
        labels: { ...labels, port: "Ethernet4" },
        annotations: { summary: "other", description: "d", action: "a" },
        startsAt: "2026-01-31T12:00:00.000Z",
        endsAt: "2026-01-31T12:04:00.000Z",
        generatorURL: "http://sw1:9101/",
        fingerprint: "00000000000000bb",
      },
    ],
  });
});

test("webhookFormat is resolved when all of its alerts are", () => {
  expect(JSON.parse(format.encode([endOf("a"), endOf("b")])).status).toBe("resolved");
});

test("webhookFormat puts alerts of one rule into one message, and those of others into others", () => {
  const other = notificationOf("c", { labels: { alertname: 'a"b', instance: "sw1" } });
  expect(format.group(notificationOf("a"))).toBe(format.group(endOf("b")));
  expect(format.group(other)).toBe('{}:{alertname="a\\"b", instance="sw1"}');
});
