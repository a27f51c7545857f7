import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { Backoff } from "../../src/util/backoff.ts";

test("Backoff doubles its delay up to the longest and starts again after a success", () => {
  const backoff = new Backoff(10, 65, () => 0);
  expect(Array.from({ length: 6 }, () => backoff.next())).toEqual([10, 20, 40, 65, 65, 65]);
  backoff.reset();
  expect([backoff.next(), backoff.next()]).toEqual([10, 20]);
});

test("Backoff takes at most a fifth off each delay, and is never longer than its longest", () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.nat(1_000_000), fc.array(random), (firstMs, more, draws) => {
      const mostMs = firstMs + more;
      let at = 0;
      const backoff = new Backoff(firstMs, mostMs, () => draws[at++]!);
      for (let i = 0; i < draws.length; i++) {
        const whole = Math.min(firstMs * 2 ** i, mostMs);
        const delayMs = backoff.next();
        expect(delayMs).toBeGreaterThan(whole * 0.8 - 1e-6);
        expect(delayMs).toBeLessThanOrEqual(whole);
      }
    }),
  );
});

test("Backoff spreads the delays of many clients when it is given no random numbers", () => {
  const delays = new Set(Array.from({ length: 20 }, () => new Backoff(1000, 1000).next()));
  expect(delays.size).toBeGreaterThan(1);
});
