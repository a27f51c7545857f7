import { expect } from "bun:test";

import { DEFAULT_CONFIG } from "../../src/config/schema.ts";
import { SERVER_LIMITS } from "../../src/http/limits.ts";
import { canUseFaultBed, FaultBed } from "../faults/faultbed.ts";
import { parseExposition, seriesOf } from "../metrics/exposition.ts";
import { waitUntil } from "../support/deadline.ts";
import { LinkWatch } from "../support/linksocket.ts";
import { testWith } from "../support/testwith.ts";
import { NamespaceClient, type Scraped } from "./namespaceclient.ts";

// What those who ask for metrics do must not come between the kernel and STATE_DB.

const PORTS = 64;
const ROUNDS = 32;
const SCRAPERS = 100;
const CONFIG = { http: { listen: DEFAULT_CONFIG.http.listen }, performance: { max_latency_us: 60_000_000 } };

const NEW_LINKS = 'portsyncd_netlink_messages_total{type="newlink"}';

async function readSeries(client: NamespaceClient): Promise<ReadonlyMap<string, number>> {
  const { status, body } = await client.get("/metrics");
  expect(status).toBe(200);
  return seriesOf(parseExposition(body));
}

/** Changes all ports, round after round, and has the event loop turn in between. */
async function change(bed: FaultBed): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    bed.scramble();
    await new Promise(setImmediate);
  }
}

testWith(
  canUseFaultBed,
  `Daemon loses nothing of ${PORTS * ROUNDS} link events and more while ${SCRAPERS} scrapers ask without a pause`,
  async () => {
    await using bed = await FaultBed.open({ ports: PORTS, config: CONFIG });
    const client = new NamespaceClient(bed.box.namespace);
    let heard = 0;
    using watch = new LinkWatch(({ type }) => void (heard += Number(type === "new")), bed.box.namespace);
    const before = await readSeries(client);
    await client.ask({ do: "scrape", url: "http://127.0.0.1:9101/metrics", count: SCRAPERS });
    const scraped = () => client.ask<Scraped>({ do: "scraped" });
    await waitUntil("answers for all", async () => (await scraped()).answers > SCRAPERS, { seconds: 30 });
    await change(bed);
    await bed.replug();
    await bed.equal();
    expect(await bed.readAll()).toBe(0);
    watch.poll();
    const during = await scraped();
    await waitUntil("answers after the events", async () => (await scraped()).answers > during.answers);
    const { failures } = await client.ask<Scraped>({ do: "stop" });
    expect(failures).toEqual([]);
    const after = await readSeries(client);
    expect(heard).toBeGreaterThanOrEqual(PORTS * ROUNDS);
    expect(after.get(NEW_LINKS)! - before.get(NEW_LINKS)!).toBe(heard);
    expect(after.get("portsyncd_netlink_overruns_total")).toBe(0);
    expect(after.get("portsyncd_ports_in_sync")).toBe(after.get("portsyncd_ports")!);
    expect(await bed.differences()).toEqual([]);
  },
  90,
);

testWith(
  canUseFaultBed,
  "Daemon publishes and answers while more clients than it lets in never come to the end of their request",
  async () => {
    await using bed = await FaultBed.open({ ports: PORTS, config: CONFIG });
    const client = new NamespaceClient(bed.box.namespace);
    await client.ask({ do: "trickle", port: 9101, count: 2 * SERVER_LIMITS.mostConnections });
    const open = async () => (await client.ask<{ count: number }>({ do: "open" })).count;
    expect(await open()).toBeGreaterThan(0);
    await change(bed);
    await bed.replug();
    await bed.equal();
    expect(bed.drops()).toBe(0);
    expect(await client.get("/-/healthy")).toMatchObject({ status: 200 });
    expect(bed.daemon.usage().openFiles).toBeLessThan(2 * SERVER_LIMITS.mostConnections);
    await waitUntil("end of those who were slow", async () => (await open()) === 0, { seconds: 30, everyMs: 100 });
    expect(await bed.differences()).toEqual([]);
  },
  90,
);
