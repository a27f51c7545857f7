import { expect } from "bun:test";

import { Alertmanager, canUseAlertmanager } from "../support/alertmanager.ts";
import { testWith } from "../support/testwith.ts";
import { AlertBench, depthRule } from "./alertbench.ts";

const able = canUseAlertmanager();

async function running(): Promise<Alertmanager> {
  const alertmanager = Alertmanager.create();
  await alertmanager.start();
  return alertmanager;
}

/** The time of day, so many seconds after `wallMs`, as Alertmanager writes it. */
function at(wallMs: number, seconds: number): string {
  return new Date(wallMs + seconds * 1000).toISOString();
}

testWith(
  able,
  "Alerting tells Alertmanager what fires at the tick at which it does, and what ends when it does",
  async () => {
    await using alertmanager = await running();
    const wallMs = Date.now() - 100_000; // what ends on that clock has ended for Alertmanager
    const externalUrl = "http://sw1:9101/";
    using bench = new AlertBench(
      { alertmanagers: [alertmanager.url], externalUrl },
      [depthRule({ forSeconds: 10 })],
      wallMs,
    );
    bench.look(3, 0);
    bench.look(3, 9.999);
    bench.look(4, 0.001);
    await bench.until("alertmanager", "delivered", 1);
    const [shown, ...others] = await alertmanager.alerts();
    expect(others).toEqual([]);
    expect(shown).toMatchObject({
      labels: { alertname: "test_rule", rule: "test_rule", severity: "warning", instance: "sw1", namespace: "asic0" },
      annotations: { summary: "m is 4", description: "m is 4, above 0.", action: "Do something." },
      startsAt: at(wallMs, 10),
      endsAt: at(wallMs, 250),
      generatorURL: externalUrl,
    });
    bench.look(5, 59.999);
    bench.look(5, 0.001);
    await bench.until("alertmanager", "delivered", 2);
    expect(await alertmanager.alerts()).toMatchObject([{ startsAt: at(wallMs, 10), endsAt: at(wallMs, 310) }]);
    bench.look(0, 5);
    await bench.until("alertmanager", "delivered", 3);
    expect(await alertmanager.alerts()).toEqual([]);
  },
);

testWith(able, "Alerting keeps from Alertmanager what is silenced", async () => {
  await using alertmanager = await running();
  using bench = new AlertBench({ alertmanagers: [alertmanager.url] }, [depthRule(), depthRule({ id: "other" })]);
  bench.silence("test_rule", 600);
  bench.look(1, 0);
  await bench.until("alertmanager", "delivered", 1);
  for (let i = 0; i < 13; i++) bench.look(1, 5);
  await bench.until("alertmanager", "delivered", 2);
  expect((await alertmanager.alerts()).map(({ labels }) => labels["alertname"])).toEqual(["other"]);
});

testWith(able, "Alerting has the same fingerprint for an alert as Alertmanager", async () => {
  await using alertmanager = await running();
  let fingerprint = "";
  await using hook = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      fingerprint = ((await request.json()) as { alerts: { fingerprint: string }[] }).alerts[0]!.fingerprint;
      return new Response();
    },
  });
  using bench = new AlertBench({ alertmanagers: [alertmanager.url], webhooks: [hook.url.href] });
  bench.look(1, 0);
  await bench.until("webhook", "delivered", 1);
  expect((await alertmanager.until(1))[0]!.fingerprint).toBe(fingerprint);
});

testWith(able, "Alerting ends by itself in Alertmanager when nobody tells of it any more", async () => {
  await using alertmanager = await running();
  using bench = new AlertBench({ alertmanagers: [alertmanager.url] }, [depthRule()], Date.now() - 238_000);
  bench.look(1, 0);
  await bench.until("alertmanager", "delivered", 1);
  bench[Symbol.dispose]();
  expect(await alertmanager.until(0)).toEqual([]);
});

testWith(able, "Alerting tells each Alertmanager by itself, and one that was down when it is there", async () => {
  await using one = await running();
  await using other = Alertmanager.create();
  using bench = new AlertBench({ alertmanagers: [one.url, `${other.url}/`] }, [depthRule()], Date.now() - 100_000);
  bench.look(1, 0);
  await bench.until("alertmanager", "delivered", 1);
  await bench.until("alertmanager", "failed", 1);
  bench.clock.advance(1000);
  await bench.until("alertmanager", "failed", 2);
  expect(await one.alerts()).toHaveLength(1);
  await other.start();
  bench.clock.advance(2000);
  await bench.until("alertmanager", "delivered", 2);
  expect(await other.alerts()).toMatchObject([{ labels: { alertname: "test_rule" } }]);
  await other.stop();
  bench.look(0, 5);
  await bench.until("alertmanager", "delivered", 3);
  await bench.until("alertmanager", "failed", 3);
  expect(await one.alerts()).toEqual([]);
});

testWith(able, "Alerting is refused by an Alertmanager that does not take what it is told, and goes on", async () => {
  await using alertmanager = await running();
  using bench = new AlertBench({ alertmanagers: [`${alertmanager.url}/nowhere`] });
  bench.look(1, 0);
  await bench.until("alertmanager", "refused", 1);
  bench.clock.advance(50_000);
  bench.look(1, 10);
  await bench.until("alertmanager", "refused", 2);
  expect(await alertmanager.alerts()).toEqual([]);
});
