import { describe, expect, test } from "bun:test";

import { Authority } from "../http/authority.ts";
import { collectLog } from "../port/loglines.ts";
import { TempDir } from "../support/tempdir.ts";
import { AlertBench, depthRule } from "./alertbench.ts";

const lines = collectLog();

/** A webhook on this machine; what it answers is up to the test. */
class Hook implements AsyncDisposable {
  /** `alertname status` of each alert that came. */
  readonly heard: string[] = [];
  readonly headers: Headers[] = [];
  /** What it answers; the last one again and again. */
  readonly answers: (() => Response | Promise<Response>)[] = [() => new Response()];
  readonly #server: Bun.Server<undefined>;

  constructor(tls?: Bun.TLSOptions) {
    this.#server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      ...(tls && { tls }),
      fetch: async (request) => {
        const { alerts } = (await request.json()) as { alerts: { status: string; labels: Record<string, string> }[] };
        this.headers.push(request.headers);
        this.heard.push(...alerts.map(({ labels, status }) => `${labels["alertname"]} ${status}`));
        return this.answers.length > 1 ? this.answers.shift()!() : this.answers[0]!();
      },
    });
  }

  get url(): string {
    return this.#server.url.href;
  }

  get origin(): string {
    return this.#server.url.origin;
  }

  /** Answers with these statuses, and 200 from then on. */
  answer(...statuses: readonly number[]): void {
    this.answers.splice(0, 1, ...[...statuses, 200].map((status) => () => new Response("said", { status })));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }
}

describe("Receivers", () => {
  test("Receivers tell a webhook once that an alert fires and once that it is resolved", async () => {
    await using hook = new Hook();
    using bench = new AlertBench({ webhooks: [hook.url] });
    bench.look(1, 0);
    await bench.until("webhook", "delivered", 1);
    for (let i = 0; i < 60; i++) bench.look(1, 5);
    bench.look(0, 5);
    await bench.until("webhook", "delivered", 2);
    for (let i = 0; i < 60; i++) bench.look(0, 5);
    await bench.clock.settle();
    expect(hook.heard).toEqual(["test_rule firing", "test_rule resolved"]);
    expect(hook.headers[0]!.get("content-type")).toBe("application/json");
  });

  test("Receivers tell a webhook again until it takes what it is told, on the clock of the daemon", async () => {
    await using hook = new Hook();
    hook.answer(500, 429, 503);
    using bench = new AlertBench({ webhooks: [hook.url] });
    bench.look(1, 0);
    for (const [failed, waitMs] of [
      [1, 1000],
      [2, 2000],
      [3, 4000],
    ] as const) {
      await bench.until("webhook", "failed", failed);
      expect(bench.clock.timers).toBe(1);
      bench.clock.advance(waitMs);
    }
    await bench.until("webhook", "delivered", 1);
    expect(hook.heard).toEqual(Array.from({ length: 4 }, () => "test_rule firing"));
    expect(lines().filter((line) => line.includes("webhook"))).toEqual([
      `WARN :- alert: "webhook ${hook.origin}" cannot be told of alerts: "HTTP status 500: said"; it is tried again`,
      `WARN :- alert: "webhook ${hook.origin}" cannot be told of alerts: "HTTP status 429: said"; it is tried again`,
      `WARN :- alert: "webhook ${hook.origin}" cannot be told of alerts: "HTTP status 503: said"; it is tried again`,
      `NOTICE :- alert: "webhook ${hook.origin}" is told of alerts again`,
    ]);
  });

  test("Receivers do not follow a redirection, nor tell again what was refused, nor tell the log a secret path", async () => {
    await using elsewhere = new Hook();
    await using hook = new Hook();
    hook.answers.unshift(() => Response.redirect(elsewhere.url, 307));
    using bench = new AlertBench({ webhooks: [`${hook.url}services/T0/secret?key=secret`] });
    bench.look(1, 0);
    await bench.until("webhook", "refused", 1);
    hook.answer(403);
    bench.look(0, 600);
    await bench.until("webhook", "refused", 2);
    bench.clock.advance(600_000);
    await bench.clock.settle();
    expect([hook.heard, elsewhere.heard]).toEqual([["test_rule firing", "test_rule resolved"], []]);
    const told = lines().filter((line) => line.includes("webhook"));
    expect(told).toHaveLength(2);
    expect(told[0]).toContain("a redirection is not followed");
    expect(told.join()).not.toContain("secret");
  });

  test("Receivers give up an answer that does not come, and one that does not end", async () => {
    await using hook = new Hook();
    const never = Promise.withResolvers<Response>();
    const chunk = new Uint8Array(65_536);
    const endless = () => new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
    hook.answers.splice(
      0,
      1,
      () => never.promise,
      () => new Response(endless(), { status: 500 }),
      () => new Response(),
    );
    using bench = new AlertBench({ webhooks: [hook.url], timeoutMs: 2000 });
    bench.look(1, 0);
    while (hook.heard.length === 0) await bench.clock.settle();
    bench.clock.advance(2000);
    await bench.until("webhook", "failed", 1);
    bench.clock.advance(1000);
    await bench.until("webhook", "failed", 2);
    bench.clock.advance(2000);
    await bench.until("webhook", "delivered", 1);
    expect(hook.heard).toHaveLength(3);
  });

  test("Receivers say why nobody is there", async () => {
    const hook = new Hook();
    await hook[Symbol.asyncDispose]();
    using bench = new AlertBench({ webhooks: [hook.url] });
    bench.look(1, 0);
    await bench.until("webhook", "failed", 1);
    expect(lines().at(-1)).toContain("ECONNREFUSED");
  });

  test("Receivers believe a server only by a certificate of the CA that they were given", async () => {
    await using dir = new TempDir();
    const [ours, other] = [await Authority.open(dir, "ours"), await Authority.open(dir, "other")];
    const { certificate, key } = await ours.issue("hook");
    await using hook = new Hook({ cert: await Bun.file(certificate).text(), key: await Bun.file(key).text() });
    using bench = new AlertBench({ webhooks: [hook.url], ca: other.identity.certificate });
    bench.look(1, 0);
    await bench.until("webhook", "failed", 1);
    bench.apply({ webhooks: [hook.url] });
    bench.clock.advance(1000);
    await bench.until("webhook", "failed", 2);
    bench.apply({ webhooks: [hook.url], ca: dir.file("none") });
    bench.clock.advance(2000);
    await bench.until("webhook", "failed", 3);
    expect(lines().at(-1)).toContain("ENOENT");
    expect(hook.heard).toEqual([]);
    bench.apply({ webhooks: [hook.url], ca: ours.identity.certificate });
    bench.clock.advance(4000);
    await bench.until("webhook", "delivered", 1);
    expect(hook.heard).toEqual(["test_rule firing"]);
  });

  test("Receivers.apply keeps what is still to be told, tells new ones of what fires, and former ones nothing", async () => {
    await using kept = new Hook();
    await using gone = new Hook();
    await using fresh = new Hook();
    kept.answer(500);
    gone.answer(500);
    using bench = new AlertBench({ webhooks: [kept.url, gone.url] });
    bench.look(1, 0);
    await bench.until("webhook", "failed", 2);
    bench.apply({ webhooks: [kept.url, fresh.url] });
    expect(bench.clock.timers).toBe(1);
    bench.clock.advance(1000);
    await bench.until("webhook", "delivered", 1);
    bench.look(1, 59);
    await bench.until("webhook", "delivered", 2);
    bench.look(0, 5);
    await bench.until("webhook", "delivered", 4);
    expect(kept.heard).toEqual(["test_rule firing", "test_rule firing", "test_rule resolved"]);
    expect(gone.heard).toEqual(["test_rule firing"]);
    expect(fresh.heard).toEqual(["test_rule firing", "test_rule resolved"]);
  });

  test("Receivers are told nothing of what is silenced, be it before it fires or while it waits to be told", async () => {
    await using hook = new Hook();
    hook.answer(500);
    const rules = [depthRule({ id: "waits" }), depthRule({ id: "silent", forSeconds: 5 }), depthRule({ id: "loud" })];
    using bench = new AlertBench({ webhooks: [hook.url] }, rules);
    bench.look(1, 0);
    await bench.until("webhook", "failed", 1); // waits; loud is of another group, and waits behind it
    bench.silence("waits", 600);
    bench.silence("silent", 600);
    bench.look(1, 0.5);
    bench.look(1, 0.4);
    bench.clock.advance(100);
    await bench.until("webhook", "delivered", 1);
    bench.look(1, 5);
    bench.look(0, 5);
    await bench.until("webhook", "delivered", 2);
    expect(hook.heard).toEqual(["waits firing", "loud firing", "loud resolved"]);
    const states = lines().flatMap((line) => /alert: (\w+) is (\w+)/.exec(line)?.slice(1, 3).join(" ") ?? []);
    expect(states).toEqual(["waits firing", "loud firing", "waits resolved", "silent resolved", "loud resolved"]);
  });

  test("Receivers are told of what was silenced when the silence is over, and it goes on", async () => {
    await using hook = new Hook();
    using bench = new AlertBench({ webhooks: [hook.url] });
    bench.silence("test_*", 60);
    for (let i = 0; i < 12; i++) bench.look(1, 4.999);
    await bench.clock.settle();
    expect(hook.heard).toEqual([]);
    bench.look(1, 0.012);
    await bench.until("webhook", "delivered", 1);
    expect(hook.heard).toEqual(["test_rule firing"]);
  });

  test("Receivers are told the end of an alert whose rule was disabled", async () => {
    await using hook = new Hook();
    using bench = new AlertBench({ webhooks: [hook.url] });
    bench.look(1, 0);
    await bench.until("webhook", "delivered", 1);
    bench.apply({ webhooks: [hook.url] }, [depthRule({ enabled: false })]);
    bench.look(1, 5);
    await bench.until("webhook", "delivered", 2);
    expect(hook.heard).toEqual(["test_rule firing", "test_rule resolved"]);
  });
});
