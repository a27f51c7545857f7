import { expect, test } from "bun:test";

import * as fc from "fast-check";

import type { Notification } from "../../src/alert/notification.ts";
import { NotificationQueue } from "../../src/alert/notificationqueue.ts";
import { endOf, notificationOf } from "./notificationof.ts";

const AGAIN = { isRepeat: true } as const;

function queueOf({ wantsRepeats = false, most = 100 } = {}): NotificationQueue {
  return new NotificationQueue({ wantsRepeats, most });
}

function take(queue: NotificationQueue, most = 100): string[] {
  return queue.take(most, () => "").map(({ fingerprint, status, value }) => `${fingerprint} ${status} ${value}`);
}

function arrive(queue: NotificationQueue): string[] {
  const taken = take(queue);
  queue.settle();
  return taken;
}

test("NotificationQueue keeps of each alert the latest, in the place of the first", () => {
  const queue = queueOf();
  for (const notification of [notificationOf("a"), notificationOf("b"), endOf("a", { value: 2 })])
    queue.add(notification);
  expect(queue.size).toBe(2);
  expect(arrive(queue)).toEqual(["a resolved 2", "b firing 1"]);
  expect([arrive(queue), queue.size]).toEqual([[], 0]);
});

test("NotificationQueue gives at most so many at once, and only those of one group", () => {
  const queue = queueOf();
  for (const name of ["a1", "b1", "a2", "a3"]) queue.add(notificationOf(name));
  const take = () => {
    const taken = queue.take(2, ({ fingerprint }) => fingerprint[0]!).map(({ fingerprint }) => fingerprint);
    queue.settle();
    return taken;
  };
  expect([take(), take(), take(), take()]).toEqual([["a1", "a2"], ["b1"], ["a3"], []]);
});

test("NotificationQueue.giveBack makes what did not arrive the first again, but for what is newer", () => {
  const queue = queueOf();
  for (const name of ["a", "b"]) queue.add(notificationOf(name));
  take(queue);
  queue.add(notificationOf("c"));
  queue.add(endOf("b", { value: 2 }));
  queue.giveBack();
  expect(arrive(queue)).toEqual(["a firing 1", "b resolved 2", "c firing 1"]);
});

test("NotificationQueue lets the oldest go when there are too many, and says so", () => {
  const queue = queueOf({ most: 2 });
  expect(["a", "b", "c"].map((name) => queue.add(notificationOf(name)))).toEqual([0, 0, 1]);
  expect(queue.add(endOf("b"))).toBe(0);
  expect(arrive(queue)).toEqual(["b resolved 1", "c firing 1"]);
});

test("NotificationQueue takes repeats for receivers that forget", () => {
  const queue = queueOf({ wantsRepeats: true });
  queue.add(notificationOf("a"));
  arrive(queue);
  queue.add(notificationOf("a", AGAIN));
  expect(arrive(queue)).toEqual(["a firing 1"]);
  queue.add(endOf("a"));
  arrive(queue);
  queue.add(endOf("a", AGAIN));
  expect(arrive(queue)).toEqual(["a resolved 1"]);
});

test("NotificationQueue takes a repeat for other receivers only when they were not told, or are still to be", () => {
  const queue = queueOf();
  queue.add(notificationOf("a", AGAIN));
  queue.add(notificationOf("a", { ...AGAIN, value: 2 }));
  expect(take(queue)).toEqual(["a firing 2"]);
  queue.add(notificationOf("a", { ...AGAIN, value: 3 }));
  queue.settle();
  queue.add(notificationOf("a", { ...AGAIN, value: 4 }));
  expect(arrive(queue)).toEqual([]);
  queue.add(endOf("a"));
  expect(arrive(queue)).toEqual(["a resolved 1"]);
  queue.add(endOf("a", AGAIN));
  expect(arrive(queue)).toEqual([]);
});

test("NotificationQueue.withdraw keeps a silenced alert from being told, and its end that nobody would understand", () => {
  const queue = queueOf({ wantsRepeats: true });
  queue.add(notificationOf("a"));
  queue.withdraw("a");
  expect(arrive(queue)).toEqual([]);
  queue.add(endOf("a"));
  queue.add(endOf("a", AGAIN));
  expect(arrive(queue)).toEqual([]);
  queue.add(notificationOf("a"));
  expect(arrive(queue)).toEqual(["a firing 1"]);
  queue.add(notificationOf("a", AGAIN));
  queue.withdraw("a");
  queue.add(endOf("a"));
  expect(arrive(queue)).toEqual(["a resolved 1"]);
});

test("NotificationQueue.withdraw holds for what is on its way, unless it arrives", () => {
  const fails = queueOf();
  fails.add(notificationOf("a"));
  take(fails);
  fails.withdraw("a");
  fails.add(endOf("a"));
  fails.giveBack();
  expect(arrive(fails)).toEqual([]);
  fails.add(notificationOf("a"));
  expect(arrive(fails)).toEqual(["a firing 1"]);
  const arrives = queueOf();
  arrives.add(notificationOf("a"));
  take(arrives);
  arrives.withdraw("a");
  arrives.settle();
  arrives.add(endOf("a"));
  expect(arrive(arrives)).toEqual(["a resolved 1"]);
});

test("NotificationQueue.withdraw never holds back an end", () => {
  const queue = queueOf();
  queue.add(notificationOf("a"));
  arrive(queue);
  queue.add(endOf("a"));
  queue.withdraw("a");
  expect(take(queue)).toEqual(["a resolved 1"]);
  queue.withdraw("a");
  queue.giveBack();
  expect(arrive(queue)).toEqual(["a resolved 1"]);
});

test("NotificationQueue has told the latest of each alert once all has arrived, whatever failed before", () => {
  const act = fc.oneof(
    fc.record({ name: fc.constantFrom("a", "b", "c"), firing: fc.boolean(), isRepeat: fc.boolean() }),
    fc.constantFrom("take", "settle", "giveBack"),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), fc.boolean(), (acts, wantsRepeats) => {
      const queue = queueOf({ wantsRepeats });
      const latest = new Map<string, Notification>();
      const told = new Map<string, Notification>();
      let sending: readonly Notification[] = [];
      const end = (hasArrived: boolean): void => {
        if (hasArrived) for (const one of sending) told.set(one.fingerprint, one);
        if (hasArrived) queue.settle();
        else queue.giveBack();
        sending = [];
      };
      for (const [i, one] of acts.entries()) {
        if (one === "take") sending = sending.length > 0 ? sending : queue.take(2, () => "");
        else if (typeof one === "string") end(one === "settle");
        else {
          const isRepeat = one.isRepeat && latest.get(one.name)?.status === (one.firing ? "firing" : "resolved");
          const changes = { isRepeat, value: i, status: one.firing ? "firing" : "resolved" } as const;
          const notification = notificationOf(one.name, changes);
          queue.add(notification);
          latest.set(one.name, notification);
        }
      }
      end(true);
      for (sending = queue.take(9, () => ""); sending.length > 0; sending = queue.take(9, () => "")) end(true);
      for (const [name, { status, value }] of latest) {
        expect(told.get(name)?.status).toBe(status);
        if (wantsRepeats) expect(told.get(name)?.value).toBe(value);
      }
    }),
  );
});
