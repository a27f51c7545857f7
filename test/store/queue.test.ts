import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { unpackTransitions } from "../../src/store/columns.ts";
import type { Batch } from "../../src/store/message.ts";
import { SaveQueue } from "../../src/store/queue.ts";
import type { Transition } from "../../src/store/transition.ts";
import { transitionAt, transitionsFrom, WALL_MS } from "./requests.ts";

/** A batch with its transitions in place of the columns. */
function unpacked({ columns, ...batch }: Batch) {
  return { ...batch, transitions: unpackTransitions(columns) };
}

describe("SaveQueue", () => {
  test("gives the same batch until it is settled, and then the next", () => {
    const queue = new SaveQueue(10, 2);
    for (const transition of transitionsFrom(0, 3)) queue.push(transition);
    queue.count("a", 1);
    const first = queue.take()!;
    queue.push(transitionAt(3));
    queue.count("a", 5);
    expect(queue.take()).toBe(first);
    expect(unpacked(first)).toEqual({
      id: 1,
      transitions: transitionsFrom(0, 2),
      counters: [["a", 1]],
      start: undefined,
      keepsakes: [],
      points: [],
    });
    expect({ length: queue.length, a: queue.pendingCount("a") }).toEqual({ length: 4, a: 6 });
    queue.settle(true);
    expect(unpacked(queue.take()!)).toEqual({
      id: 2,
      transitions: transitionsFrom(2, 2),
      counters: [["a", 5]],
      start: undefined,
      keepsakes: [],
      points: [],
    });
    queue.settle(true);
    expect({ isEmpty: queue.isEmpty, dropped: queue.dropped, taken: queue.take() }).toEqual({
      isEmpty: true,
      dropped: 0,
      taken: undefined,
    });
  });

  test("counts a batch that is given up as dropped", () => {
    const queue = new SaveQueue(10, 10);
    for (const transition of transitionsFrom(0, 3)) queue.push(transition);
    queue.take();
    queue.settle(false);
    expect({ length: queue.length, dropped: queue.dropped }).toEqual({ length: 0, dropped: 3 });
  });

  test("keeps the newest, never more than its bound, in order, and counts every other as dropped", () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constant("push" as const), count: fc.integer({ min: 1, max: 30 }) }),
      fc.record({ kind: fc.constantFrom("take" as const, "settle" as const), count: fc.constant(0) }),
    );
    const [most, batchMost] = [fc.integer({ min: 13, max: 20 }), fc.integer({ min: 1, max: 12 })];
    fc.assert(
      fc.property(most, batchMost, fc.array(action, { maxLength: 60 }), (most, batchMost, actions) => {
        const queue = new SaveQueue(most, batchMost);
        const saved: Transition[] = [];
        let pushed = 0;
        const settle = (): void => {
          const batch = queue.settle(true);
          const transitions = batch ? unpackTransitions(batch.columns) : [];
          expect(transitions.length).toBeLessThanOrEqual(batchMost);
          saved.push(...transitions);
        };
        for (const { kind, count } of actions) {
          if (kind === "push") for (let i = 0; i < count; i++) queue.push(transitionAt(pushed++));
          else if (kind === "take") queue.take();
          else settle();
          expect(queue.length).toBeLessThanOrEqual(most);
          expect(saved.length + queue.length + queue.dropped).toBe(pushed);
        }
        while (queue.take()) settle();
        expect(saved.at(-1)).toEqual(pushed === 0 ? undefined : transitionAt(pushed - 1));
        const walls = saved.map(({ wallMs }) => wallMs);
        expect(walls).toEqual([...walls].sort((a, b) => a - b));
        expect(saved).toEqual(walls.map((wallMs) => transitionAt(wallMs - WALL_MS)));
      }),
    );
  });

  test("does not remember without end the ports of what it gave up, though nothing is taken for long", () => {
    const queue = new SaveQueue(9, 5);
    for (const transition of transitionsFrom(0, 5)) queue.push(transition);
    queue.take();
    for (let i = 0; i < 1002; i++) queue.push({ ...transitionAt(i), port: `Ethernet${i}` });
    const names: string[] = [];
    for (let batches = 0; batches < 2; batches++) {
      queue.settle(true);
      names.push(...queue.take()!.columns.ports);
    }
    expect(names.length).toBeLessThanOrEqual(8); // of the 4 that it holds, and of less than a batch before them
    expect(names.at(-1)).toBe("Ethernet1001");
  });

  test("does not let the names of counters use all memory", () => {
    const queue = new SaveQueue(10, 10);
    for (let i = 0; i < 70_000; i++) queue.count(`name ${i}`, 1);
    queue.count("name 0", 1);
    expect(queue.take()!.counters).toHaveLength(65_536);
    expect(queue.pendingCount("name 0")).toBe(2);
  });
});
