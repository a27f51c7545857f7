import { describe, expect, test } from "bun:test";

import { KernelProbe } from "../../src/watch/kernelprobe.ts";
import { FakeClock } from "../support/fakeclock.ts";

/** A probe whose every answer the test gives. */
class Bench {
  readonly clock = new FakeClock();
  readonly asked: PromiseWithResolvers<void>[] = [];
  isThere = true;
  readonly probe = new KernelProbe(this.clock, () => {
    if (!this.isThere) return undefined;
    const answer = Promise.withResolvers<void>();
    this.asked.push(answer);
    return answer.promise;
  });
}

describe("KernelProbe", () => {
  test("KernelProbe.isAnswering follows the answers, and says since when and why not", async () => {
    const bench = new Bench();
    bench.clock.pass(2000);
    expect([bench.probe.isAnswering, bench.probe.seconds]).toEqual([false, 2]);
    const first = bench.probe.ask();
    bench.asked[0]!.resolve();
    await first;
    bench.clock.pass(3000);
    expect([bench.probe.isAnswering, bench.probe.failure, bench.probe.seconds]).toEqual([true, "", 3]);
    const second = bench.probe.ask();
    bench.asked[1]!.reject(new Error("no answer in time"));
    await second;
    bench.clock.pass(500);
    expect([bench.probe.isAnswering, bench.probe.failure, bench.probe.seconds]).toEqual([
      false,
      "no answer in time",
      0.5,
    ]);
  });

  test("KernelProbe.ask does not ask again while an answer is awaited, and says for how long it has been", async () => {
    const bench = new Bench();
    const first = bench.probe.ask();
    bench.clock.pass(4000);
    await bench.probe.ask();
    expect([bench.asked.length, bench.probe.waitingSeconds]).toEqual([1, 4]);
    bench.asked[0]!.resolve();
    await first;
    expect(bench.probe.waitingSeconds).toBe(0);
    void bench.probe.ask();
    expect(bench.asked.length).toBe(2);
  });

  test("KernelProbe.ask asks nobody where nobody listens to the kernel yet", async () => {
    const bench = new Bench();
    bench.isThere = false;
    await bench.probe.ask();
    expect([bench.asked.length, bench.probe.isAnswering, bench.probe.waitingSeconds]).toEqual([0, false, 0]);
    expect(bench.probe.failure).toBe("portsyncd starts: link messages are taken once Redis is there");
  });
});
