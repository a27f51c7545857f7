import { describe, expect } from "bun:test";

import { waitUntil } from "../support/deadline.ts";
import { testWith } from "../support/testwith.ts";
import { start, startRunning } from "./coldstart.ts";
import { Marker } from "./marker.ts";
import { able, expectRow, shareSwitch } from "./sharedswitch.ts";

const UP = { state: "ok", netdev_oper_status: "up", admin_status: "up", mtu: "1500" };

describe("with APPL_DB on a server of its own (rule 48)", () => {
  const shared = shareSwitch({ APPL_DB: { instance: "redis1" } });

  testWith(able, "Daemon takes a port through its life (rules 47, 48)", async () => {
    const box = shared();
    await using _ = await startRunning(box, ["Ethernet0"]);
    await box.links.add(["Ethernet0"], { up: true, carrier: true });
    await expectRow(box, "Ethernet0", UP);
    await waitUntil("PortInitDone", () => box.db.appl.exists("_PORT_TABLE:PortInitDone"));
    await box.links.delete("Ethernet0");
    await expectRow(box, "Ethernet0", undefined);
    expect(String(await box.db.appl.call("INFO", "keyspace"))).toMatch(/^# Keyspace\r\ndb0:[^\r]*\r\n$/);
    const shared6 = [...String(await box.db.state.call("INFO", "keyspace")).matchAll(/^db(\d+)/gm)];
    expect(shared6.map(([, id]) => id)).toEqual(["4", "6"]);
  });

  testWith(
    able,
    "Publisher writes back what STATE_DB has lost, though neither kernel nor APPL_DB changed (rule 27 made better)",
    async () => {
      const box = shared();
      await using daemon = await startRunning(box, ["Ethernet0", "Ethernet4"]);
      await box.links.add(["Ethernet0", "Ethernet4"], { up: true, carrier: true });
      await box.expectStateEqualsKernel(["Ethernet0", "Ethernet4"]);
      await box.db.server("STATE_DB").restart();
      await box.db.connect();
      await daemon.waitForLog(/STATE_DB is there again/);
      await expectRow(box, "Ethernet0", UP);
      await expectRow(box, "Ethernet4", UP);
    },
  );
});

describe("with three servers, other ids and other separators (rules 30, 34, 46)", () => {
  const shared = shareSwitch({
    APPL_DB: { instance: "appl", id: 10, separator: "|" },
    CONFIG_DB: { instance: "config", id: 3, separator: ":" },
    STATE_DB: { instance: "state", id: 14, separator: ":" },
  });

  testWith(able, "Daemon makes keys, channel and notifications from database_config.json (rules 30, 34)", async () => {
    const box = shared();
    const { appl, config, state } = box.db;
    await config.hset("PORT:Ethernet0", { lanes: "0" });
    await config.hset("DEVICE_METADATA:localhost", { switch_type: "dpu" });
    using recorder = await box.db.record("APPL_DB", "*", ["PORT_TABLE_CHANNEL@10"]);
    await using _ = await start(box);
    await recorder.waitFor("PortConfigDone", ({ key }) => key === "_PORT_TABLE|PortConfigDone");
    await recorder.sync();
    expect(recorder.of("PORT_TABLE_CHANNEL@10")).toEqual(["G", "G"]);
    expect(await appl.hgetall("_PORT_TABLE|Ethernet0")).toEqual({ lanes: "0" });
    await box.links.add(["Ethernet0"], { up: true, carrier: true });
    await appl.hset("PORT_TABLE|Ethernet0", { lanes: "0" });
    await expectRow(box, "Ethernet0", UP);
    await waitUntil("PortInitDone", () => appl.exists("_PORT_TABLE|PortInitDone"));
    expect(await state.keys("*")).toEqual(["PORT_TABLE:Ethernet0", "WARM_RESTART_TABLE:portsyncd"]);
    expect(await config.keys("*")).toEqual(["DEVICE_METADATA:localhost", "LOGGER:portsyncd", "PORT:Ethernet0"]);
    expect(await appl.keys("*")).toEqual([
      "PORT_TABLE_KEY_SET",
      "PORT_TABLE|Ethernet0",
      "_PORT_TABLE|Ethernet0",
      "_PORT_TABLE|PortConfigDone",
      "_PORT_TABLE|PortInitDone",
    ]);
  });

  testWith(able, "followLogger hears of its key under another separator and id (rules 30, 58)", async () => {
    const box = shared();
    await using daemon = await start(box);
    await daemon.waitForLog(/"PortInitDone"/);
    await box.db.config.hset("LOGGER:portsyncd", { LOGLEVEL: "marker" });
    expect(JSON.parse(await daemon.waitForLog(/LOGLEVEL is marker/))).toMatchObject({ level: "error" });
  });
});

describe("with a server that comes and goes (rule 27)", () => {
  const shared = shareSwitch();

  testWith(
    able,
    "Daemon publishes every port again when Redis is back empty, and goes on (rule 27 made better)",
    async () => {
      const box = shared();
      await using daemon = await startRunning(box, ["Ethernet0", "Ethernet4"]);
      await box.links.add(["Ethernet0", "Ethernet4"], { up: true, carrier: true });
      await expectRow(box, "Ethernet0", UP);
      await box.db.server("STATE_DB").kill();
      await daemon.waitForLog(/STATE_DB is not there/);
      await box.links.mtu(9100, "Ethernet0");
      await box.links.delete("Ethernet4");
      await box.db.server("STATE_DB").start();
      await box.db.connect();
      for (const port of ["Ethernet0", "Ethernet4"]) await box.db.appl.hset(`PORT_TABLE:${port}`, { lanes: "0" });
      await expectRow(box, "Ethernet0", { ...UP, mtu: "9100" });
      await (await Marker.open(box)).pass();
      expect(await box.db.state.keys("PORT_TABLE|*")).toEqual(["PORT_TABLE|Ethernet0", Marker.key]);
      expect(daemon.exitCode).toBeUndefined();
    },
  );
});
