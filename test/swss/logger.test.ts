import { expect, test } from "bun:test";

import { ReplyError } from "../../src/swss/database.ts";
import { followLogger, type LoggerSettings } from "../../src/swss/logger.ts";
import { ScriptedDatabase, settle } from "../port/scripteddatabase.ts";

const CHANNEL = "__keyspace@4__:LOGGER|portsyncd";

function open(): { config: ScriptedDatabase; applied: LoggerSettings[]; followed: Promise<void> } {
  const config = new ScriptedDatabase("CONFIG_DB", 4);
  const applied: LoggerSettings[] = [];
  return { config, applied, followed: followLogger(config, (settings) => applied.push(settings)) };
}

test("followLogger subscribes before it reads, so that no change is missed (rule 58)", async () => {
  const { config, applied, followed } = open();
  expect(config.patterns).toEqual([CHANNEL]);
  await settle();
  expect(config.pending[0]!.commands).toEqual([["HGET", "LOGGER|portsyncd", "LOGLEVEL"]]);
  await config.next().answer("INFO");
  await config.next().answer("STDOUT");
  await followed;
  expect(applied).toEqual([{ level: "INFO", output: "STDOUT" }]);
  expect(config.pending).toEqual([]);
});

for (const [level, output, written] of [
  [null, null, ["LOGLEVEL", "NOTICE", "LOGOUTPUT", "SYSLOG"]],
  ["DEBUG", null, ["LOGLEVEL", "DEBUG", "LOGOUTPUT", "SYSLOG"]],
  [null, "STDERR", ["LOGLEVEL", "NOTICE", "LOGOUTPUT", "STDERR"]],
] as const) {
  test(`followLogger writes ${written.join(" ")} where it finds ${level} and ${output} (rule 58)`, async () => {
    const { config, followed } = open();
    await settle();
    await config.next().answer(level);
    await config.next().answer(output);
    const batch = config.next();
    expect(batch.commands).toEqual([["HSET", "LOGGER|portsyncd", ...written]]);
    await batch.answer(2);
    await followed;
  });
}

test("followLogger reads again at each change, and keeps what it had when the row is of the wrong type or lost (rule 58)", async () => {
  const { config, applied, followed } = open();
  await settle();
  await config.next().answer("INFO");
  await config.next().answer("SYSLOG");
  await followed;
  config.publish(CHANNEL, "hset");
  await config.next().answer("WARN");
  await config.next().answer("STDERR");
  config.publish(CHANNEL, "set");
  await config.next().answer(new ReplyError("WRONGTYPE x"));
  config.publish(CHANNEL, "hset");
  await config.next().lose();
  config.publish(CHANNEL, "del");
  await config.next().answer(null);
  await config.next().answer(null);
  expect(applied).toEqual([
    { level: "INFO", output: "SYSLOG" },
    { level: "WARN", output: "STDERR" },
    { level: "NOTICE", output: "SYSLOG" },
  ]);
  expect(config.pending).toEqual([]); // a change at run time is never answered with a write
});
