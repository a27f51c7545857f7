import { describe, expect, test } from "bun:test";

import { DEFAULT_CONFIG } from "../../src/config/schema.ts";
import type { SourceParts } from "../../src/watch/daemonsources.ts";
import { Serving } from "../../src/watch/serving.ts";
import { FakeClock } from "../support/fakeclock.ts";

const PATIENCE_MS = 500;
const IDLE = {
  requests: { answers: new Map(), malformed: 0 },
  connections: { accepted: 0, refused: 0, evicted: 0, slowRequests: 0, slowAnswers: 0 },
  open: 0,
};
const COUNTERS = { http: IDLE, admin: IDLE };
const WELL = { listening: ["somewhere"], failure: "", certificateExpiresWallMs: undefined };

/** A serving whose servers only say what becomes of them. */
function serve(http: Partial<typeof DEFAULT_CONFIG.http> = {}, facts = { http: WELL, admin: WELL }) {
  const clock = new FakeClock();
  const said: string[] = [];
  const says = (what: string) => async () => void said.push(what);
  // Of the parts nothing else is looked at before somebody asks the servers.
  const parts = {
    clock,
    config: { ...DEFAULT_CONFIG, http: { ...DEFAULT_CONFIG.http, ...http } },
  } as unknown as SourceParts;
  const loading = Promise.withResolvers<void>();
  const serving = new Serving(parts, 0, async () => {
    said.push("load");
    await loading.promise;
    return { start: says("start"), reload: says("reload"), close: says("close"), facts, counters: COUNTERS };
  });
  return { clock, said, serving, loaded: loading.resolve };
}

describe("Serving", () => {
  test("Serving opens when the start is over, and then no more when it would have taken long", async () => {
    const { clock, said, serving, loaded } = serve();
    loaded();
    serving.begin(() => said.push("long"));
    await clock.run(PATIENCE_MS - 1);
    expect(said).toEqual([]);
    await serving.open();
    expect(said).toEqual(["load", "start"]);
    await clock.run(PATIENCE_MS);
    await serving.open();
    expect(said).toEqual(["load", "start"]);
    expect(clock.timers).toBe(0);
  });

  test("Serving opens in the middle of a start that takes long", async () => {
    const { clock, said, serving, loaded } = serve();
    loaded();
    serving.begin(() => said.push("long"));
    await clock.run(PATIENCE_MS);
    expect(said.slice(0, 2)).toEqual(["long", "load"]);
    await serving.open();
    expect(said).toEqual(["long", "load", "start"]);
  });

  test("Serving loads nothing where neither an address nor a socket is configured", async () => {
    const { said, serving, loaded } = serve({ listen: [], admin_socket: "" });
    loaded();
    await serving.open();
    expect([said, serving.failure]).toEqual([[], ""]);
    const onlySocket = serve({ listen: [] });
    onlySocket.loaded();
    await onlySocket.serving.open();
    expect(onlySocket.said).toEqual(["load", "start"]);
  });

  test("Serving opens nothing after its end, and what it was about to open is closed", async () => {
    const early = serve();
    early.serving.begin(() => early.said.push("long"));
    await early.serving.close();
    await early.clock.run(PATIENCE_MS);
    await early.serving.open();
    expect(early.said).toEqual([]);
    const late = serve();
    const opening = late.serving.open();
    const closing = late.serving.close();
    late.loaded();
    await Promise.all([opening, closing]);
    expect(late.said).toEqual(["load", "close"]);
  });

  test("Serving.failure is that of both servers, once they are there", async () => {
    const { serving, loaded } = serve(
      {},
      { http: { ...WELL, failure: "127.0.0.1:9101: taken" }, admin: { ...WELL, failure: "/run/x: denied" } },
    );
    expect(serving.failure).toBe("");
    loaded();
    await serving.open();
    expect(serving.failure).toBe("127.0.0.1:9101: taken; /run/x: denied");
  });

  test("Serving.reload reaches servers that are there, and is nothing to those that are not", async () => {
    const { said, serving, loaded } = serve();
    serving.reload();
    loaded();
    await serving.open();
    serving.reload();
    expect(said).toEqual(["load", "start", "reload"]);
  });
});
