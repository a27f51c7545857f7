import { expect, test } from "bun:test";

import { PortSet } from "../../src/port/portset.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { collectLog } from "./loglines.ts";
import { settle } from "./scripteddatabase.ts";

const lines = collectLog();

class Bench {
  readonly clock = new FakeClock();
  readonly pushes: PromiseWithResolvers<void>[] = [];
  readonly set = new PortSet(this.clock, () => {
    const push = Promise.withResolvers<void>();
    this.pushes.push(push);
    return push.promise;
  });

  async acknowledge(): Promise<void> {
    this.pushes.at(-1)!.resolve();
    await settle();
  }

  async refuse(): Promise<void> {
    this.pushes.at(-1)!.reject(new Error("lost"));
    await settle();
  }
}

/** The lines that name the ports still waited for. */
function reports(): string[] {
  return lines().filter((line) => line.includes("waits for"));
}

test("PortSet pushes PortInitDone in the turn in which the last port is acknowledged (rule 21)", async () => {
  const bench = new Bench();
  bench.set.arm(["Ethernet0", "Ethernet4"]);
  bench.set.published(["Ethernet0"]);
  expect(bench.pushes).toHaveLength(0);
  bench.set.published(["Ethernet8", "Ethernet4"]);
  expect(bench.pushes).toHaveLength(1);
  expect(bench.set.done).toBe(false);
  await bench.acknowledge();
  expect(bench.set.done).toBe(true);
  expect(lines()).toEqual(["NOTICE :- portset: PortInitDone"]);
  expect(bench.clock.timers).toBe(0);
});

test("PortSet pushes at once when there is nothing to wait for (rules 7, 21)", async () => {
  const bench = new Bench();
  bench.set.published(["Ethernet0"]);
  expect(bench.pushes).toHaveLength(0);
  bench.set.arm([]);
  expect(bench.pushes).toHaveLength(1);
});

test("PortSet counts ports that were published before it knew which to wait for (rules 22, 23)", () => {
  const bench = new Bench();
  bench.set.published(["Ethernet0"]);
  bench.set.published(["Ethernet8"]);
  bench.set.arm(["Ethernet0", "Ethernet4"]);
  expect([...bench.set.pending]).toEqual(["Ethernet4"]);
  bench.set.published(["Ethernet4"]);
  expect(bench.pushes).toHaveLength(1);
});

test("PortSet pushes once, whatever is published later (rule 21)", async () => {
  const bench = new Bench();
  bench.set.arm(["Ethernet0"]);
  bench.set.published(["Ethernet0"]);
  bench.set.published(["Ethernet0"]); // while the push is under way
  bench.set.retry();
  await bench.acknowledge();
  bench.set.published(["Ethernet0", "Ethernet4"]);
  bench.set.retry();
  bench.clock.advance(600_000);
  expect(bench.pushes).toHaveLength(1);
});

test("PortSet pushes again when APPL_DB is back after a push that failed (rule 28 made better)", async () => {
  const bench = new Bench();
  bench.set.arm([]);
  await bench.refuse();
  expect(bench.set.done).toBe(false);
  bench.set.retry();
  expect(bench.pushes).toHaveLength(2);
  await bench.acknowledge();
  expect(bench.set.done).toBe(true);
});

test("PortSet tries a refused push again by itself, since it says so (rule 28 made better)", async () => {
  const bench = new Bench();
  bench.set.arm([]);
  await bench.refuse();
  expect(lines()[0]).toContain("it will be tried again");
  await bench.clock.run(60_000);
  expect(bench.pushes.length).toBeGreaterThan(1);
});

test("PortSet names the ports that block PortInitDone after 10 s and then each minute (rule 23 made better)", () => {
  const bench = new Bench();
  bench.set.arm(["Ethernet0", "Ethernet4", "Ethernet8"]);
  bench.set.published(["Ethernet4"]);
  bench.clock.advance(9_999);
  expect(reports()).toEqual([]);
  bench.clock.advance(1);
  expect(reports()).toEqual(['NOTICE :- portset: PortInitDone waits for 2 ports: "Ethernet0 Ethernet8" (and 0 more)']);
  bench.clock.advance(59_999);
  expect(reports()).toHaveLength(1);
  bench.set.published(["Ethernet0"]);
  bench.clock.advance(1);
  expect(reports()[1]).toContain("1 ports: Ethernet8 ");
  bench.clock.advance(180_000);
  expect(reports()).toHaveLength(5);
});

test("PortSet names at most 20 ports in a line and counts the rest", () => {
  const bench = new Bench();
  bench.set.arm(Array.from({ length: 256 }, (_, i) => `Ethernet${i}`));
  bench.clock.advance(10_000);
  const [line] = reports();
  expect(line).toContain("waits for 256 ports");
  expect(line!.match(/Ethernet\d+/g)).toHaveLength(20);
  expect(line).toContain("(and 236 more)");
});

test("PortSet names nobody any more once PortInitDone was acknowledged", async () => {
  const bench = new Bench();
  bench.set.arm(["Ethernet0"]);
  bench.clock.advance(10_000);
  bench.set.published(["Ethernet0"]);
  await bench.acknowledge();
  bench.clock.advance(600_000);
  expect(reports()).toHaveLength(1);
  expect(bench.clock.timers).toBe(0);
});

test("PortSet does nothing after its end", () => {
  const bench = new Bench();
  bench.set.arm(["Ethernet0"]);
  bench.set[Symbol.dispose]();
  bench.set.published(["Ethernet0"]);
  bench.clock.advance(600_000);
  expect(bench.pushes).toHaveLength(0);
  expect(reports()).toEqual([]);
});
