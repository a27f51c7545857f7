import { describe, expect, test } from "bun:test";

import type { Answer } from "../../src/alert/answer.ts";
import { MOST_WAITING, Receiver } from "../../src/alert/receiver.ts";
import { collectLog } from "../port/loglines.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { endOf, notificationOf } from "./notificationof.ts";

const lines = collectLog();

const DELIVERED: Answer = { kind: "delivered" };
const FAILED: Answer = { kind: "failed", reason: "HTTP status 503" };

/** A receiver whose answers a test gives, and a clock that it turns. */
class ReceiverBench {
  readonly clock = new FakeClock();
  /** When a message came, in seconds, and what it said. */
  readonly messages: string[] = [];
  readonly results: string[] = [];
  readonly signals: AbortSignal[] = [];
  /** What is answered; a promise for what is not answered yet. */
  answer: Answer | Promise<Answer> = DELIVERED;
  readonly receiver: Receiver;

  constructor({ wantsRepeats = true, random = 0 } = {}) {
    this.receiver = new Receiver({
      name: "test http://h",
      format: {
        wantsRepeats,
        group: () => "",
        encode: (all) => all.map(({ fingerprint, status }) => `${fingerprint} ${status}`).join(", "),
      },
      post: async (body, signal) => {
        this.messages.push(`${this.clock.now() / 1000}: ${body}`);
        this.signals.push(signal);
        return this.answer;
      },
      timeoutMs: () => 10_000,
      onResult: (result, alerts) => this.results.push(`${result} ${alerts}`),
      clock: this.clock,
      random: () => random,
    });
  }

  tell(...names: readonly string[]): Promise<void> {
    this.receiver.tell(names.map((name) => notificationOf(name)));
    return this.clock.run(0);
  }
}

describe("Receiver", () => {
  test("Receiver tells at once, and in one message what came while it waited for the answer", async () => {
    const bench = new ReceiverBench();
    const first = Promise.withResolvers<Answer>();
    bench.answer = first.promise;
    await bench.tell("a");
    await bench.tell("b");
    await bench.tell("c");
    expect(bench.messages).toEqual(["0: a firing"]);
    bench.answer = DELIVERED;
    first.resolve(DELIVERED);
    await bench.clock.run(0);
    expect(bench.messages).toEqual(["0: a firing", "0: b firing, c firing"]);
    expect(bench.results).toEqual(["delivered 1", "delivered 2"]);
    expect([bench.clock.timers, lines()]).toEqual([0, []]);
  });

  test("Receiver tries again after 1, 2, 4 s and so on up to a minute, and begins anew when that was of use", async () => {
    const bench = new ReceiverBench();
    bench.answer = FAILED;
    await bench.tell("a");
    await bench.clock.run(250_000);
    const at = bench.messages.map((message) => Number(message.split(":")[0]));
    expect(at).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
    bench.answer = DELIVERED;
    await bench.clock.run(60_000);
    expect(bench.messages.at(-1)).toBe("303: a firing");
    bench.answer = FAILED;
    await bench.tell("b");
    await bench.clock.run(1000);
    expect(bench.messages.slice(-2)).toEqual(["310: b firing", "311: b firing"]);
  });

  test("Receiver takes up to a fifth off its pauses, so that a fleet does not come back all at once", async () => {
    const bench = new ReceiverBench({ random: 1 });
    bench.answer = FAILED;
    await bench.tell("a");
    await bench.clock.run(3000);
    expect(bench.messages).toEqual(["0: a firing", "0.8: a firing", "2.4: a firing"]);
  });

  test("Receiver waits as long as it is asked to", async () => {
    const bench = new ReceiverBench();
    bench.answer = { kind: "failed", reason: "HTTP status 429", waitMs: 20_000 };
    await bench.tell("a");
    await bench.clock.run(20_000);
    expect(bench.messages).toEqual(["0: a firing", "20: a firing"]);
  });

  test("Receiver tells the latest of each alert when it is heard again", async () => {
    const bench = new ReceiverBench();
    bench.answer = FAILED;
    await bench.tell("a", "b");
    bench.receiver.tell([endOf("a")]);
    await bench.tell("c");
    expect(bench.messages).toHaveLength(1);
    bench.answer = DELIVERED;
    await bench.clock.run(1000);
    expect(bench.messages.slice(1)).toEqual(["1: a resolved, b firing, c firing"]);
  });

  test("Receiver gives up an answer that takes too long, and does not listen to it any more", async () => {
    const bench = new ReceiverBench();
    const never = Promise.withResolvers<Answer>();
    bench.answer = never.promise;
    await bench.tell("a");
    await bench.clock.run(9999);
    expect([bench.messages.length, bench.signals[0]!.aborted]).toEqual([1, false]);
    bench.answer = DELIVERED;
    await bench.clock.run(1);
    expect([bench.results, bench.signals[0]!.aborted]).toEqual([["failed 1"], true]);
    never.resolve({ kind: "refused", reason: "late" });
    await bench.clock.run(1000);
    expect(bench.messages).toEqual(["0: a firing", "11: a firing"]);
    expect(bench.results).toEqual(["failed 1", "delivered 1"]);
    expect(lines()).toEqual([
      'WARN :- alert: "test http://h" cannot be told of alerts: "no answer within 10 s"; it is tried again',
      'NOTICE :- alert: "test http://h" is told of alerts again',
    ]);
  });

  test("Receiver does not repeat what was refused, and goes on with the rest", async () => {
    const bench = new ReceiverBench();
    bench.answer = { kind: "refused", reason: "HTTP status 400: no" };
    await bench.tell("a");
    await bench.clock.run(600_000);
    expect(bench.messages).toEqual(["0: a firing"]);
    bench.answer = DELIVERED;
    await bench.tell("b");
    expect(bench.messages.at(-1)).toBe("600: b firing");
    expect(bench.results).toEqual(["refused 1", "delivered 1"]);
  });

  test("Receiver says in the log when it fails, when it does for another reason, and when it does not any more", async () => {
    const bench = new ReceiverBench();
    bench.answer = FAILED;
    await bench.tell("a");
    await bench.clock.run(100_000);
    bench.answer = { kind: "refused", reason: "HTTP status 400: a\nb" };
    await bench.clock.run(100_000);
    await bench.tell("b");
    bench.answer = DELIVERED;
    await bench.tell("c");
    await bench.tell("d");
    expect(lines()).toEqual([
      'WARN :- alert: "test http://h" cannot be told of alerts: "HTTP status 503"; it is tried again',
      'ERROR :- alert: "test http://h" refuses alerts: "HTTP status 400: a\\x0ab"',
      'NOTICE :- alert: "test http://h" is told of alerts again',
    ]);
  });

  test("Receiver does not tell of what was silenced while nobody answered", async () => {
    const bench = new ReceiverBench();
    bench.answer = FAILED;
    await bench.tell("a", "b");
    bench.receiver.withdraw("a");
    bench.answer = DELIVERED;
    await bench.clock.run(1000);
    expect(bench.messages.at(-1)).toBe("1: b firing");
    bench.receiver.tell([endOf("a"), endOf("b")]);
    await bench.clock.run(0);
    expect(bench.messages.at(-1)).toBe("1: b resolved");
  });

  test("Receiver counts what it has no room for", async () => {
    const bench = new ReceiverBench();
    bench.answer = FAILED;
    await bench.tell("first");
    await bench.tell(...Array.from({ length: MOST_WAITING + 1 }, (_, i) => `p${i}`));
    expect(bench.results).toEqual(["failed 1", "dropped 2"]);
  });

  test("Receiver says nothing any more after its end, and waits for nothing", async () => {
    const waiting = new ReceiverBench();
    waiting.answer = FAILED;
    await waiting.tell("a");
    expect(waiting.clock.timers).toBe(1);
    waiting.receiver[Symbol.dispose]();
    expect([waiting.messages.length, waiting.clock.timers]).toEqual([1, 0]);
    const sending = new ReceiverBench();
    const answer = Promise.withResolvers<Answer>();
    sending.answer = answer.promise;
    await sending.tell("a");
    sending.receiver[Symbol.dispose]();
    expect(sending.signals[0]!.aborted).toBe(true);
    answer.resolve(FAILED);
    await sending.clock.run(600_000);
    expect([sending.messages.length, sending.results, sending.clock.timers]).toEqual([1, [], 0]);
  });
});
