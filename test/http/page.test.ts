import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";

import { html } from "../../src/http/html.ts";
import { UnavailableError } from "../../src/util/unavailable.ts";
import { waitUntil } from "../support/deadline.ts";
import { HttpRig } from "./rig.ts";
import { NOW_MS, sampleAlert, samplePort, STATUS } from "./sample.ts";

const HOSTILE = `"><script>alert('x')</script>&amp;\u202e`;
const ESCAPED = "&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;\\u202e";

/** What a person reads: the text without markup, with single spaces. */
function read(page: string): string {
  const body = page.replace(/<style>[^]*<\/style>/, "").replace(/<[^>]*>/g, " ");
  return body.replace(/\s+/g, " ");
}

async function pageOf(rig: HttpRig): Promise<string> {
  return (await rig.fetch("/")).text();
}

describe("formatPage", () => {
  test("says that all is well", async () => {
    await using rig = await HttpRig.start();
    const text = read(await pageOf(rig));
    expect(text).toContain("portsyncd is healthy , 100 of 100 Nothing is wrong with the daemon.");
    expect(text).toContain("Ports that are not in order: 0 of 2 None.");
    expect(text).toContain("Alerts: none");
    expect(text).toContain("Last changes None.");
    expect(text).toContain("STATE_DB connected");
  });

  test("says what is wrong, where, since when, and what to do", async () => {
    await using rig = await HttpRig.start();
    const { daemon } = rig;
    daemon.facts = {
      ...STATUS,
      namespace: "asic1",
      isReady: false,
      health: {
        status: "unhealthy",
        score: 40,
        reasons: [{ name: "redis_down", points: 60, text: "Redis has not been connected for 90 s" }],
      },
      databases: [{ name: "STATE_DB", isUsable: false, failure: "connection refused" }],
      portInit: { isDone: false, pending: ["Ethernet8"] },
      http: {
        listening: [],
        failure: "127.0.0.1:9101: another program listens there",
        certificateExpiresWallMs: NOW_MS,
      },
    };
    const down = { admin: true, oper: false, mtu: 9100 };
    daemon.allPorts = [
      samplePort("Ethernet0"),
      samplePort("Ethernet4", { kernel: down, published: down, flaps: 7 }),
      samplePort("Ethernet8", { kernel: undefined, published: undefined, isAwaited: true }),
      samplePort("Ethernet12", { kernel: { ...down, admin: false }, published: { ...down, admin: false } }),
    ];
    daemon.allAlerts = [
      sampleAlert("port_flapping", { port: "Ethernet4" }),
      sampleAlert("over", { state: "resolved" }),
    ];
    daemon.transitions = [
      { id: 1, wallMs: NOW_MS - 5000, port: "Ethernet4", cause: "event", old: { ...down, oper: true }, new: down },
    ];
    const text = read(await pageOf(rig));
    expect(text).toContain("portsyncd asic1 is unhealthy , 40 of 100 Redis has not been connected for 90 s (-60)");
    expect(text).toContain("is not published yet");
    expect(text).toContain("PortInitDone waits for 1: Ethernet8");
    expect(text).toContain("not in order: 2 of 4");
    expect(text).toMatch(
      /Ethernet4 no link, though it is not shut down up \/ down 7 2026-01-31 11:59:59 UTC 1 s ago Ethernet8 /,
    );
    expect(text).not.toContain("Ethernet12");
    expect(text).toMatch(
      /Alerts: 1 .*warning firing port_flapping Ethernet4 port_flapping is on look at it 2026-01-31 11:59:30 UTC 30 s ago/,
    );
    expect(text).toMatch(
      /2026-01-31 11:59:55 UTC 5 s ago Ethernet4 admin up, oper up, mtu 9100 admin up, oper down, mtu 9100 event/,
    );
    expect(text).toContain("ports 4 of 4 in sync");
    expect(text).toContain("STATE_DB connection refused");
    expect(text).toContain("another program listens there");
    expect(text).toContain("certificate expires 2026-01-31 12:00:00 UTC");
  });

  test("shows everything that comes from outside as text", async () => {
    await using rig = await HttpRig.start();
    const { daemon } = rig;
    const name = Buffer.from(HOSTILE).toString("latin1");
    daemon.facts = {
      ...STATUS,
      namespace: HOSTILE,
      version: HOSTILE,
      health: { status: "degraded", score: 90, reasons: [{ name: "http_failed", points: 10, text: HOSTILE }] },
      databases: [{ name: "STATE_DB", isUsable: false, failure: HOSTILE }],
      portInit: { isDone: false, pending: [name] },
      store: { ...STATUS.store, state: "degraded", reason: HOSTILE },
      http: { listening: [], failure: HOSTILE, certificateExpiresWallMs: undefined },
      admin: { listening: [HOSTILE], failure: "", certificateExpiresWallMs: undefined },
    };
    await daemon.create({ rule: "*", reason: HOSTILE, expires_in_secs: 60 });
    const annotations = { summary: HOSTILE, description: HOSTILE, action: HOSTILE };
    daemon.allPorts = [samplePort(name, { published: undefined })];
    daemon.allAlerts = [
      sampleAlert(HOSTILE, { port: HOSTILE, annotations, state: "suppressed", silence: daemon.silences[0]! }),
    ];
    daemon.transitions = [{ id: 1, wallMs: NOW_MS, port: name, cause: "event", old: null, new: null }];
    const page = await pageOf(rig);
    expect(page).not.toContain("<script");
    expect(page).not.toContain("\u202e");
    expect(page.split(ESCAPED).length - 1).toBeGreaterThanOrEqual(14); // each of them, and none another way
    expect(page.split("alert(").length - 1).toBe(page.split(ESCAPED).length - 1);
  });

  test("runs no script, loads nothing, and has a policy by which it could not", async () => {
    await using rig = await HttpRig.start();
    const answer = await rig.fetch("/");
    const page = await answer.text();
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page).not.toMatch(/<(script|link|img|iframe|object|embed|form)|\son\w+=|javascript:|https?:|@import|url\(/i);
    const [, style] = /<style>([^]*?)<\/style>/.exec(page)!;
    const hash = createHash("sha256").update(style!).digest("base64");
    expect(answer.headers.get("content-security-policy")).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(page).not.toContain(" style=");
    for (const [, path] of page.matchAll(/href="([^"]*)"/g)) expect((await rig.fetch(path!)).status).toBe(200);
  });

  test("is well-formed: each element that needs an end has one", async () => {
    await using rig = await HttpRig.start();
    rig.daemon.allPorts = [samplePort("Ethernet0", { published: undefined })];
    rig.daemon.allAlerts = [sampleAlert("redis_down")];
    const open: string[] = [];
    for (const [, slash, name, rest] of (await pageOf(rig)).matchAll(/<(\/?)(\w+)([^>]*)>/g)) {
      if (slash) expect(open.pop()).toBe(name!);
      else if (!rest!.endsWith("/")) open.push(name!);
    }
    expect(open).toEqual([]);
  });

  test("shows as many ports as a person reads, and counts the rest", async () => {
    await using rig = await HttpRig.start();
    rig.daemon.allPorts = Array.from({ length: 150 }, (_, i) => samplePort(`Ethernet${i}`, { published: undefined }));
    const page = await pageOf(rig);
    expect(page.match(/<td class="name">Ethernet/g)).toHaveLength(100);
    expect(read(page)).toContain("not in order: 150 of 150");
    expect(read(page)).toContain("The first 100; all ports .");
  });

  test("shows the rest when the history is not known, or does not come", async () => {
    await using rig = await HttpRig.start();
    rig.daemon.history = () => Promise.reject(new UnavailableError("the disk is full"));
    expect(read(await pageOf(rig))).toContain("Last changes Not known: the disk is full");
    let asked = false;
    rig.daemon.history = () => {
      asked = true;
      return new Promise(() => {});
    };
    const page = pageOf(rig);
    await waitUntil("question", () => asked);
    await rig.clock.run(2000);
    expect(read(await page)).toContain("Not known: the store does not answer");
  });
});

describe("html", () => {
  test("escapes text and numbers, and leaves markup as it is", () => {
    expect(html`<a title="${`"'<>&`}">${1}${html`<b>${"<"}</b>`}${["x", html`<i></i>`]}</a>`.text).toBe(
      '<a title="&quot;&#39;&lt;&gt;&amp;">1<b>&lt;</b>x<i></i></a>',
    );
  });

  test("makes visible what turns text around or is no character at all", () => {
    expect(html`${"a\u202eb\x00\ud800"}`.text).toBe("a\\u202eb\\x00\\ud800");
  });
});
