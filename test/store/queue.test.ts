import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { SaveQueue } from "../../src/store/queue.ts";
import type { Transition } from "../../src/store/transition.ts";
import { transitionAt, transitionsFrom } from "./requests.ts";

describe("SaveQueue", () => {
  test("gives the same batch until it is settled, and then the next", () => {
    const queue = new SaveQueue(10);
    for (const transition of transitionsFrom(0, 3)) queue.push(transition);
    queue.count("a", 1);
    const first = queue.take(2)!;
    queue.push(transitionAt(3));
    queue.count("a", 5);
    expect(queue.take(2)).toBe(first);
    expect(first).toEqual({
      id: 1,
      transitions: transitionsFrom(0, 2),
      counters: [["a", 1]],
      start: undefined,
      keepsakes: [],
      points: [],
    });
    expect({ length: queue.length, a: queue.pendingCount("a") }).toEqual({ length: 4, a: 6 });
    queue.settle(true);
    expect(queue.take(2)).toEqual({
      id: 2,
      transitions: transitionsFrom(2, 2),
      counters: [["a", 5]],
      start: undefined,
      keepsakes: [],
      points: [],
    });
    queue.settle(true);
    expect({ isEmpty: queue.isEmpty, dropped: queue.dropped, taken: queue.take(2) }).toEqual({
      isEmpty: true,
      dropped: 0,
      taken: undefined,
    });
  });

  test("counts a batch that is given up as dropped", () => {
    const queue = new SaveQueue(10);
    for (const transition of transitionsFrom(0, 3)) queue.push(transition);
    queue.take(10);
    queue.settle(false);
    expect({ length: queue.length, dropped: queue.dropped }).toEqual({ length: 0, dropped: 3 });
  });

  test("keeps the newest, never more than its bound, in order, and counts every other as dropped", () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constant("push" as const), count: fc.integer({ min: 1, max: 30 }) }),
      fc.record({ kind: fc.constant("take" as const), count: fc.integer({ min: 1, max: 12 }) }),
      fc.record({ kind: fc.constant("settle" as const), count: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 13, max: 20 }), fc.array(action, { maxLength: 60 }), (most, actions) => {
        const queue = new SaveQueue(most);
        const saved: Transition[] = [];
        let pushed = 0;
        const settle = (): void => void saved.push(...(queue.settle(true)?.transitions ?? []));
        for (const { kind, count } of actions) {
          if (kind === "push") for (let i = 0; i < count; i++) queue.push(transitionAt(pushed++));
          else if (kind === "take") queue.take(count);
          else settle();
          expect(queue.length).toBeLessThanOrEqual(most);
          expect(saved.length + queue.length + queue.dropped).toBe(pushed);
        }
        while (queue.take(most)) settle();
        expect(saved.at(-1)).toEqual(pushed === 0 ? undefined : transitionAt(pushed - 1));
        const walls = saved.map(({ wallMs }) => wallMs);
        expect(walls).toEqual([...walls].sort((a, b) => a - b));
      }),
    );
  });

  test("does not let the names of counters use all memory", () => {
    const queue = new SaveQueue(10);
    for (let i = 0; i < 70_000; i++) queue.count(`name ${i}`, 1);
    queue.count("name 0", 1);
    expect(queue.take(10)!.counters).toHaveLength(65_536);
    expect(queue.pendingCount("name 0")).toBe(2);
  });
});
