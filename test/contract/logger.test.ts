import { expect } from "bun:test";

import { testWith } from "../support/testwith.ts";
import { start, startCold } from "./coldstart.ts";
import { Marker } from "./marker.ts";
import { able, shareSwitch } from "./sharedswitch.ts";

const shared = shareSwitch();
const KEY = "LOGGER|portsyncd";
const READY = /"PortInitDone"/;

testWith(able, "followLogger makes LOGGER|portsyncd when it is missing (rules 1, 58)", async () => {
  const box = shared();
  await using daemon = await start(box);
  await daemon.waitForLog(READY);
  expect(await box.db.config.hgetall(KEY)).toEqual({ LOGLEVEL: "NOTICE", LOGOUTPUT: "SYSLOG" });
});

testWith(able, "followLogger writes both fields when one is missing, the other as it was (rule 58)", async () => {
  const box = shared();
  await box.db.config.hset(KEY, { LOGLEVEL: "INFO" });
  await using daemon = await start(box);
  await daemon.waitForLog(READY);
  expect(await box.db.config.hgetall(KEY)).toEqual({ LOGLEVEL: "INFO", LOGOUTPUT: "SYSLOG" });
});

testWith(able, "followLogger writes nothing when both fields are there (rule 58)", async () => {
  const box = shared();
  const fields = { LOGLEVEL: "WARN", LOGOUTPUT: "STDERR", other: "kept" };
  await box.db.config.hset(KEY, fields);
  using recorder = await box.db.record("CONFIG_DB");
  await using _ = await startCold(box);
  await recorder.sync();
  expect(recorder.events).toEqual([]);
  expect(await box.db.config.hgetall(KEY)).toEqual(fields);
});

testWith(able, "followLogger sets the level at the start and follows it at run time (rule 58)", async () => {
  const box = shared();
  await box.db.config.hset(KEY, { LOGLEVEL: "ERROR", LOGOUTPUT: "SYSLOG" });
  await using daemon = await startCold(box);
  const marker = await Marker.open(box);
  await box.links.add(["Ethernet4"]);
  await marker.pass();
  expect(daemon.lines).toEqual([]); // neither a notice nor an info
  await box.db.config.hset(KEY, { LOGLEVEL: "INFO", LOGOUTPUT: "marker 1" });
  await daemon.waitForLog(/LOGOUTPUT is .*marker 1/);
  await box.links.add(["Ethernet8"]);
  await daemon.waitForLog(/Ethernet8 is not in APPL_DB yet/);
  await box.db.config.hset(KEY, { LOGLEVEL: "NOTICE", LOGOUTPUT: "marker 2" });
  await daemon.waitForLog(/LOGOUTPUT is .*marker 2/);
  await box.links.add(["Ethernet12"]);
  await marker.pass();
  await box.db.config.hset(KEY, { LOGOUTPUT: "marker 3" });
  await daemon.waitForLog(/LOGOUTPUT is .*marker 3/);
  expect(daemon.lines.filter((line) => line.includes("Ethernet12"))).toEqual([]);
});

testWith(able, "followLogger answers a level that is none with an ERROR and NOTICE (rule 58)", async () => {
  const box = shared();
  await box.db.config.hset(KEY, { LOGLEVEL: "notice", LOGOUTPUT: "SYSLOG" });
  await using daemon = await start(box, { args: ["--log-format", "json"] });
  expect(JSON.parse(await daemon.waitForLog(/LOGLEVEL is notice/))).toMatchObject({ level: "error" });
  await daemon.waitForLog(/"level":"notice".*PortConfigDone/);
  expect(daemon.lines.filter((line) => line.includes('"level":"info"'))).toEqual([]);
  expect(await box.db.config.hgetall(KEY)).toEqual({ LOGLEVEL: "notice", LOGOUTPUT: "SYSLOG" });
});

testWith(
  able,
  "followLogger follows the output: STDOUT and STDERR have setw(6) and the text (rules 57, 58)",
  async () => {
    const box = shared();
    await using daemon = await startCold(box);
    await box.db.config.hset(KEY, { LOGLEVEL: "marker1", LOGOUTPUT: "STDOUT" });
    await daemon.waitForLog(/LOGLEVEL is marker1/);
    // It may say so twice, as it hears of its own first write, too.
    const [line] = new Set(daemon.stdout.filter((said) => said.includes("marker1")));
    expect(line).toMatch(/^ ERROR:- \w+: LOGGER\|portsyncd LOGLEVEL is marker1; NOTICE is used$/);
    await box.db.config.hset(KEY, { LOGLEVEL: "marker2", LOGOUTPUT: "STDERR" });
    expect(await daemon.waitForLog(/LOGLEVEL is marker2/)).toMatch(/^ ERROR:- /);
    await box.db.config.hset(KEY, { LOGLEVEL: "marker3", LOGOUTPUT: "SYSLOG" });
    expect(JSON.parse(await daemon.waitForLog(/LOGLEVEL is marker3/))).toMatchObject({ level: "error" });
    expect(daemon.stdout.filter((line) => /marker[23]/.test(line))).toEqual([]);
  },
);

testWith(able, "followLogger answers an output that is none with an ERROR and SYSLOG (rule 58)", async () => {
  const box = shared();
  await box.db.config.hset(KEY, { LOGLEVEL: "NOTICE", LOGOUTPUT: "stdout" });
  await using daemon = await startCold(box);
  expect(JSON.parse(await daemon.waitForLog(/LOGOUTPUT is stdout/))).toMatchObject({ level: "error" });
  expect(daemon.stdout).toEqual([]);
});

testWith(
  able,
  "followLogger goes on at NOTICE when LOGGER|portsyncd is no hash, and leaves it (rule 58, section 9)",
  async () => {
    const box = shared();
    await box.db.config.call("SET", KEY, "no hash");
    await using daemon = await start(box);
    await daemon.waitForLog(/"level":"notice".*PortConfigDone/);
    expect(await box.db.config.call("GET", KEY)).toBe("no hash");
  },
);

testWith(able, "LogControl lets --log-level win over LOGGER|portsyncd (rule 58)", async () => {
  const box = shared();
  await box.db.config.hset(KEY, { LOGLEVEL: "EMERG", LOGOUTPUT: "SYSLOG" });
  await using daemon = await start(box, { args: ["--log-level", "info"] });
  expect(JSON.parse(await daemon.waitForLog(/netlink receive buffer/))).toMatchObject({ level: "info" });
});
