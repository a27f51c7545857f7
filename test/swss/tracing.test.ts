import { expect, test } from "bun:test";
import { tracingChannel } from "node:diagnostics_channel";

import { completeTracingChannel } from "../../src/swss/tracing.ts";

/** The words of a command, and whether anybody has looked at them. */
class Words extends Array<string> {
  isRead = false;

  override map<Result>(each: (word: string, index: number, words: string[]) => Result): Result[] {
    this.isRead = true;
    return super.map(each);
  }
}

test("completeTracingChannel gives channels the getter that says whether anybody listens", () => {
  completeTracingChannel();
  const channel = tracingChannel("portsyncd-test");
  const hear = () => {};
  expect(channel.hasSubscribers).toBe(false);
  for (const event of ["start", "end", "asyncStart", "asyncEnd", "error"] as const) {
    channel[event].subscribe(hear);
    expect(channel.hasSubscribers).toBe(true);
    channel[event].unsubscribe(hear);
    expect(channel.hasSubscribers).toBe(false);
  }
});

test("node-redis copies the words of a command for one who traces it, and for nobody else", async () => {
  completeTracingChannel();
  const { RedisClient } = await import("@redis/client");
  const client = new RedisClient();
  const isRead = async (): Promise<boolean> => {
    const words = Words.from(["HMGET", "key"]) as Words;
    await client.sendCommand(words).catch(() => {});
    return words.isRead;
  };
  expect(await isRead()).toBe(false);
  const channel = tracingChannel("node-redis:command");
  const hear = () => {};
  channel.start.subscribe(hear);
  try {
    expect(await isRead()).toBe(true);
  } finally {
    channel.start.unsubscribe(hear);
  }
});
