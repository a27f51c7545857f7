import { expect } from "bun:test";

import { waitUntil } from "../support/deadline.ts";
import { popPorts } from "../support/orchagent.ts";
import { testWith } from "../support/testwith.ts";
import { startCold, startRunning } from "./coldstart.ts";
import { CommandTrace } from "./commandtrace.ts";
import { Marker } from "./marker.ts";
import { able, shareSwitch } from "./sharedswitch.ts";

const shared = shareSwitch();
const CHANNEL = "PORT_TABLE_CHANNEL@0";

testWith(
  able,
  "pushPortConfig leaves key set, temporary hashes and one announcement a row (rules 7, 34, 35)",
  async () => {
    const box = shared();
    const ports = ["Ethernet0", "Ethernet4", "Ethernet8"];
    await box.configure(ports);
    using recorder = await box.db.record("APPL_DB", "*", [CHANNEL]);
    await using _ = await startCold(box);
    await recorder.sync();
    const pending = [...ports, "PortConfigDone"];
    expect(await box.db.appl.smembers("PORT_TABLE_KEY_SET")).toEqual(pending);
    expect(await box.db.appl.keys("*")).toEqual([
      "PORT_TABLE_KEY_SET",
      ...pending.map((name) => `_PORT_TABLE:${name}`),
    ]);
    for (const port of ports) {
      const configured = await box.db.config.entries(`PORT|${port}`);
      expect(configured).toHaveLength(6);
      expect(await box.db.appl.entries(`_PORT_TABLE:${port}`)).toEqual(configured);
    }
    expect(await box.db.appl.entries("_PORT_TABLE:PortConfigDone")).toEqual([["count", "3"]]);
    expect(recorder.of(CHANNEL)).toEqual(["G", "G", "G", "G"]);
  },
);

testWith(able, "pushPortConfig pushes PortConfigDone after every port (rules 7, 33)", async () => {
  const box = shared();
  const ports = Array.from({ length: 40 }, (_, i) => `Ethernet${i}`);
  await box.configure(ports);
  using recorder = await box.db.record("APPL_DB", "_PORT_TABLE:*");
  await using _ = await startCold(box);
  await recorder.sync();
  const order = [...new Set(recorder.events.map(({ key }) => key))];
  expect(order).toHaveLength(41);
  expect(order.at(-1)).toBe("_PORT_TABLE:PortConfigDone");
  expect(await box.db.appl.hget("_PORT_TABLE:PortConfigDone", "count")).toBe("40");
});

testWith(
  able,
  "ProducerStateTable sends the row as one script call with the C++ daemon's keys and arguments (rules 35, 40)",
  async () => {
    const box = shared();
    await box.db.config.hset("PORT|Ethernet0", { alias: "etp1", lanes: "0,1", mtu: "9100" });
    await box.db.appl.call("SCRIPT", "FLUSH");
    using trace = await CommandTrace.open(box.db.server("APPL_DB").socketPath);
    await using _ = await startCold(box);
    await trace.sync(box.db.appl);
    const calls = [...trace.of("EVALSHA"), ...trace.of("EVAL")].map(([, ...rest]) => rest);
    const keys = (row: string) => ["3", CHANNEL, "PORT_TABLE_KEY_SET", `_PORT_TABLE:${row}`, "G", row];
    expect(calls).toContainEqual([...keys("Ethernet0"), "alias", "etp1", "lanes", "0,1", "mtu", "9100"]);
    expect(calls).toContainEqual([...keys("PortConfigDone"), "count", "1"]);
  },
);

testWith(
  able,
  "parseRow cuts field names at the first @ or NUL and copies values byte for byte (rules 7, 31, section 9)",
  async () => {
    const box = shared();
    const bytes = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
    await box.db.config.hset("PORT|Ethernet0", { "adv_speeds@": "all", "lanes@x@y": "0,1", alias: "a@b", empty: "" });
    await box.db.config.hset("PORT|Ethernet4", { NULL: "NULL" });
    await box.db.config.hset("PORT|Ethernet8", { binary: bytes, "f\xff\r\n ": "\r\n$-1\r\n", utf8: "Z\xc3\xbcrich" });
    await box.db.config.hset("PORT|Ethernet12", { "lanes@1": "first", "lanes@2": "second" });
    await box.db.config.hset("PORT|Ethernet16", { "speed\0x": "1", "@": "nameless" });
    await using _ = await startCold(box);
    expect(await box.db.appl.entries("_PORT_TABLE:Ethernet0")).toEqual([
      ["adv_speeds", "all"],
      ["lanes", "0,1"],
      ["alias", "a@b"],
      ["empty", ""],
    ]);
    expect(await box.db.appl.entries("_PORT_TABLE:Ethernet4")).toEqual([["NULL", "NULL"]]);
    expect(await box.db.appl.hgetall("_PORT_TABLE:Ethernet8")).toEqual({
      binary: bytes,
      "f\xff\r\n ": "\r\n$-1\r\n",
      utf8: "Z\xc3\xbcrich",
    });
    expect(await box.db.appl.entries("_PORT_TABLE:Ethernet12")).toEqual([["lanes", "second"]]);
    expect(await box.db.appl.entries("_PORT_TABLE:Ethernet16")).toEqual([
      ["speed", "1"],
      ["", "nameless"],
    ]);
  },
);

testWith(able, "pushPortConfig with no ports says count 0 and goes on (rule 7)", async () => {
  const box = shared();
  await using daemon = await startCold(box);
  await daemon.waitForLog(
    /ConfigDB does not have port information, however ports can be added later on, continuing\.\.\./,
  );
  expect(await box.db.appl.entries("_PORT_TABLE:PortConfigDone")).toEqual([["count", "0"]]);
  await waitUntil("PortInitDone", () => box.db.appl.exists("_PORT_TABLE:PortInitDone"));
  expect(await box.db.appl.smembers("PORT_TABLE_KEY_SET")).toEqual(["PortConfigDone", "PortInitDone"]);
});

testWith(
  able,
  "ProducerStateTable merges with what is pending and does not announce it again (rules 35, 39)",
  async () => {
    const box = shared();
    const { appl } = box.db;
    await appl.call("SADD", "PORT_TABLE_KEY_SET", "Ethernet0", "Ethernet4");
    await appl.call("SADD", "PORT_TABLE_DEL_SET", "Ethernet4");
    await appl.hset("_PORT_TABLE:Ethernet0", { speed: "1", fec: "rs" });
    await appl.hset("PORT_TABLE:Ethernet4", { stale: "yes" });
    for (const port of ["Ethernet0", "Ethernet4", "Ethernet8"])
      await box.db.config.hset(`PORT|${port}`, { speed: "100000" });
    using recorder = await box.db.record("APPL_DB", "*", [CHANNEL]);
    await using _ = await startCold(box);
    await recorder.sync();
    expect(await appl.hgetall("_PORT_TABLE:Ethernet0")).toEqual({ speed: "100000", fec: "rs" });
    expect(await appl.smembers("PORT_TABLE_DEL_SET")).toEqual(["Ethernet4"]);
    expect(await appl.hgetall("PORT_TABLE:Ethernet4")).toEqual({ stale: "yes" });
    expect(recorder.of(CHANNEL)).toEqual(["G", "G"]); // Ethernet8 and PortConfigDone
    await popPorts(appl);
    expect(await appl.hgetall("PORT_TABLE:Ethernet4")).toEqual({ speed: "100000" });
  },
);

testWith(
  able,
  "ProducerStateTable hands the rows to a ConsumerStateTable that pops at each announcement (rule 38)",
  async () => {
    const box = shared();
    await box.configure(["Ethernet0", "Ethernet4"]);
    await using orchagent = await box.orchagent();
    await using _ = await startCold(box);
    await orchagent.waitFor("PortConfigDone");
    expect([...orchagent.popped].sort()).toEqual(["Ethernet0", "Ethernet4", "PortConfigDone"]);
    expect(await box.db.appl.keys("*")).toEqual([
      "PORT_TABLE:Ethernet0",
      "PORT_TABLE:Ethernet4",
      "PORT_TABLE:PortConfigDone",
    ]);
    expect(await box.db.appl.hgetall("PORT_TABLE:Ethernet4")).toEqual(await box.db.config.hgetall("PORT|Ethernet4"));
  },
);

testWith(able, "ProducerStateTable survives a SCRIPT FLUSH between two pushes (rule 39)", async () => {
  const box = shared();
  await using _ = await startRunning(box, ["Ethernet0"]);
  expect(await box.db.appl.exists("PORT_TABLE:PortConfigDone")).toBe(true);
  await box.db.appl.call("SCRIPT", "FLUSH");
  await box.links.add(["Ethernet0"]);
  await waitUntil("PortInitDone", () => box.db.appl.exists("_PORT_TABLE:PortInitDone"));
  expect(await box.db.appl.entries("_PORT_TABLE:PortInitDone")).toEqual([["lanes", "0"]]);
});

testWith(
  able,
  "readPortConfig skips a PORT key of the wrong type, says which, and hands over the others (section 9)",
  async () => {
    const box = shared();
    await box.configure(["Ethernet0", "Ethernet8"]);
    await box.db.config.call("SET", "PORT|Ethernet4", "no hash");
    await using daemon = await startCold(box);
    await daemon.waitForLog(/PORT\|Ethernet4 is skipped: .*WRONGTYPE/);
    expect(await box.db.appl.smembers("PORT_TABLE_KEY_SET")).toEqual(["Ethernet0", "Ethernet8", "PortConfigDone"]);
    expect(await box.db.appl.hget("_PORT_TABLE:PortConfigDone", "count")).toBe("2");
  },
);

testWith(
  able,
  "readPortConfig skips a name with a NUL, of which a consumer would see a deletion (section 9)",
  async () => {
    const box = shared();
    await box.configure(["Ethernet0"]);
    await box.db.config.hset("PORT|Eth\0ernet", { lanes: "1" });
    await using daemon = await startCold(box);
    await daemon.waitForLog(/is skipped: .*NUL/);
    expect(await box.db.appl.smembers("PORT_TABLE_KEY_SET")).toEqual(["Ethernet0", "PortConfigDone"]);
    expect(await box.db.appl.hget("_PORT_TABLE:PortConfigDone", "count")).toBe("1");
  },
);

testWith(able, "readPortConfig takes PORT|Ethernet0|x for a port (section 9)", async () => {
  const box = shared();
  await box.configure(["Ethernet0", "Ethernet0|x"]);
  await using _ = await startCold(box);
  expect(await box.db.appl.smembers("PORT_TABLE_KEY_SET")).toEqual(["Ethernet0", "Ethernet0|x", "PortConfigDone"]);
  expect(await box.db.appl.hget("_PORT_TABLE:PortConfigDone", "count")).toBe("2");
});

testWith(able, "readPortConfig takes PORT| for the port with the empty name (section 9)", async () => {
  const box = shared();
  await box.db.config.hset("PORT|", { lanes: "1" });
  await box.configure(["Ethernet0"]);
  await using _ = await startCold(box);
  expect(await box.db.appl.smembers("PORT_TABLE_KEY_SET")).toEqual(["", "Ethernet0", "PortConfigDone"]);
  expect(await box.db.appl.hget("_PORT_TABLE:PortConfigDone", "count")).toBe("2");
});

testWith(
  able,
  "readSwitchType takes a DEVICE_METADATA of the wrong type for an ordinary switch (rule 4, section 9)",
  async () => {
    const box = shared();
    await box.db.config.call("SET", "DEVICE_METADATA|localhost", "no hash");
    await box.configure(["Ethernet0"]);
    await box.links.add(["Ethernet0"], { up: true });
    await using daemon = await startCold(box);
    await daemon.waitForLog(/DEVICE_METADATA\|localhost is skipped: .*WRONGTYPE/);
    await box.links.waitFor("Ethernet0 down", (links) => links.get("Ethernet0")!.admin === "down");
    expect(await box.db.appl.smembers("PORT_TABLE_KEY_SET")).toEqual(["Ethernet0", "PortConfigDone"]);
  },
);

testWith(able, "readPortConfig is the only look at CONFIG_DB PORT: later changes are portmgrd's (rule 7)", async () => {
  const box = shared();
  await using daemon = await startRunning(box, ["Ethernet0"]);
  const marker = await Marker.open(box);
  const before = await box.db.appl.keys("*");
  using recorder = await box.db.record("APPL_DB", "*", [CHANNEL]);
  await box.db.config.hset("PORT|Ethernet0", { mtu: "1234" });
  await box.configure(["Ethernet4"]);
  await box.db.config.del("PORT|Ethernet0");
  // What CONFIG_DB says of the logger is heard after what it said of the ports.
  await box.db.config.hset("LOGGER|portsyncd", { LOGLEVEL: "marker" });
  await daemon.waitForLog(/LOGLEVEL is marker/);
  await marker.pass();
  await recorder.sync();
  expect(recorder.events).toEqual([]);
  expect(await box.db.appl.keys("*")).toEqual(before);
});

testWith(able, "Daemon writes no key of its own into any database (rules 41, 43, 45, sections 8 and 9)", async () => {
  const box = shared();
  await using _ = await startRunning(box, ["Ethernet0", "Ethernet4"]);
  await box.links.add(["Ethernet0", "Ethernet4"], { up: true, carrier: true });
  await box.expectStateEqualsKernel(["Ethernet0", "Ethernet4"]);
  await waitUntil("PortInitDone", async () => (await box.pop()).includes("PortInitDone"));
  await box.links.delete("Ethernet4");
  await box.expectStateEqualsKernel(["Ethernet0", "Ethernet4"]);
  expect(await box.db.appl.keys("*")).toEqual([
    "PORT_TABLE:Ethernet0",
    "PORT_TABLE:Ethernet4",
    "PORT_TABLE:PortConfigDone",
    "PORT_TABLE:PortInitDone",
  ]);
  expect(await box.db.config.keys("*")).toEqual(["LOGGER|portsyncd", "PORT|Ethernet0", "PORT|Ethernet4"]);
  expect(await box.db.state.keys("*")).toEqual(["PORT_TABLE|Ethernet0", "WARM_RESTART_TABLE|portsyncd"]);
  expect(await box.db.state.hgetall("WARM_RESTART_TABLE|portsyncd")).toEqual({ restore_count: "0" });
  const keyspace = String(await box.db.state.call("INFO", "keyspace"));
  expect([...keyspace.matchAll(/^db(\d+):/gm)].map(([, db]) => db)).toEqual(["0", "4", "6"]);
});
