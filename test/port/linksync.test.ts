import { describe, expect, test } from "bun:test";

import { isSwitchPort, LinkSync } from "../../src/port/linksync.ts";
import type { Link } from "../../src/rtnetlink/link.ts";
import { SinkRecord } from "./sinkrecord.ts";

/** IFF_UP, IFF_RUNNING and IFF_LOWER_UP of <linux/if.h>. */
const UP = 0x1;
const RUNNING = 0x40;
const LOWER_UP = 0x10000;

type Said = Partial<Link> & Pick<Link, "ifindex" | "name">;

function link(said: Said): Link {
  return { family: 0, flags: 0, mtu: 1500, master: 0, kind: "veth", address: "", ...said };
}

class Bench {
  readonly sink = new SinkRecord();
  readonly admitted = new Set<string>();
  readonly sync: LinkSync;

  constructor(options: { ignoreOld?: boolean; admitted?: readonly string[] } = {}) {
    for (const name of options.admitted ?? ["Ethernet0", "Ethernet4", "PortChannel1"]) this.admitted.add(name);
    const isAdmitted = (name: string) => this.admitted.has(name);
    this.sync = new LinkSync({ isPort: isSwitchPort, isAdmitted, ignoreOld: options.ignoreOld ?? false }, this.sink);
  }

  new(...links: readonly Said[]): string[] {
    for (const said of links) this.sync.onLink({ kind: "new", link: link(said), cause: "event" });
    return this.sink.take();
  }

  del(said: Said): string[] {
    this.sync.onLink({ kind: "del", link: link(said), cause: "event" });
    return this.sink.take();
  }
}

describe("isSwitchPort", () => {
  for (const [name, is] of [
    ["Ethernet0", true],
    ["Ethernet", true],
    ["Ethernet0.10", true],
    ["Ethernet-BP0", true],
    ["EthernetFoo", true],
    ["PortChannel1", true],
    ["PortChannel", true],
    ["ethernet0", false],
    ["ETHERNET0", false],
    ["Etherne", false],
    ["portchannel1", false],
    ["PortChanne", false],
    ["eth0", false],
    ["xEthernet0", false],
    ["", false],
  ] as const) {
    test(`isSwitchPort says ${is} of ${JSON.stringify(name)} (rule 11)`, () => {
      expect(isSwitchPort(name)).toBe(is);
    });
  }
});

describe("LinkSync state", () => {
  for (const [flags, said] of [
    [0, "down/down"],
    [UP, "up/down"],
    [UP | RUNNING, "up/up"],
    [UP | LOWER_UP, "up/down"],
    [RUNNING, "down/up"],
    [~(UP | RUNNING) >>> 0, "down/down"],
    [0xffffffff, "up/up"],
  ] as const) {
    test(`LinkSync takes flags 0x${flags.toString(16)} for ${said} (rule 12)`, () => {
      expect(new Bench().new({ ifindex: 4, name: "Ethernet0", flags })).toEqual([`set Ethernet0 ${said} 1500`]);
    });
  }

  test("LinkSync takes a missing MTU for 0 (rule 10)", () => {
    expect(new Bench().new({ ifindex: 4, name: "Ethernet0", mtu: undefined })).toEqual(["set Ethernet0 down/down 0"]);
  });
});

describe("LinkSync events", () => {
  test("LinkSync ignores the master of a LAG and what is no port (rules 11, 14)", () => {
    const bench = new Bench({ admitted: ["PortChannel1", "eth0"] });
    expect(bench.new({ ifindex: 4, name: "PortChannel1", kind: "team" }, { ifindex: 5, name: "eth0" })).toEqual([]);
    expect(bench.del({ ifindex: 4, name: "PortChannel1", kind: "team" })).toEqual([]);
    expect(bench.new({ ifindex: 6, name: "PortChannel1", kind: "dummy" })).toEqual(["set PortChannel1 down/down 1500"]);
  });

  test("LinkSync says a state each time the kernel does, changed or not (rule 19)", () => {
    const bench = new Bench();
    bench.new({ ifindex: 4, name: "Ethernet0", master: 9 });
    expect(bench.new({ ifindex: 4, name: "Ethernet0" })).toEqual(["set Ethernet0 down/down 1500"]);
  });

  test("LinkSync removes a port at the DELLINK of its ifindex only (rule 17)", () => {
    const bench = new Bench();
    bench.new({ ifindex: 4, name: "Ethernet0" });
    expect(bench.del({ ifindex: 5, name: "Ethernet0" })).toEqual([]);
    expect(bench.del({ ifindex: 4, name: "Ethernet0" })).toEqual(["remove Ethernet0"]);
    expect(bench.del({ ifindex: 4, name: "Ethernet0" })).toEqual([]);
  });

  test("LinkSync removes the name that was published when the DELLINK has another (rules 17, 20)", () => {
    const bench = new Bench();
    bench.new({ ifindex: 4, name: "Ethernet0" });
    expect(bench.del({ ifindex: 4, name: "Ethernet8" })).toEqual(["remove Ethernet0"]);
  });

  test("LinkSync removes the old name of a renamed port before it sets the new one (rule 20)", () => {
    const bench = new Bench();
    bench.new({ ifindex: 4, name: "Ethernet0" });
    expect(bench.new({ ifindex: 4, name: "Ethernet4" })).toEqual(["remove Ethernet0", "set Ethernet4 down/down 1500"]);
    expect(bench.new({ ifindex: 4, name: "spare" })).toEqual(["remove Ethernet4"]);
    expect(bench.new({ ifindex: 4, name: "Ethernet0" })).toEqual(["set Ethernet0 down/down 1500"]);
  });

  test("LinkSync keeps a name that another netdev took over before its former owner was heard of (rule 17)", () => {
    const bench = new Bench();
    bench.new({ ifindex: 4, name: "Ethernet0" }, { ifindex: 8, name: "Ethernet0", mtu: 9100 });
    expect(bench.del({ ifindex: 4, name: "Ethernet0" })).toEqual([]);
    expect(bench.new({ ifindex: 4, name: "Ethernet4" })).toEqual(["set Ethernet4 down/down 1500"]);
    expect(bench.sync.ports.size).toBe(2);
  });
});

describe("LinkSync admission", () => {
  test("LinkSync says nothing of a port without a row until it is admitted (rule 18)", () => {
    const bench = new Bench({ admitted: [] });
    expect(bench.new({ ifindex: 4, name: "Ethernet0" }, { ifindex: 4, name: "Ethernet0", mtu: 9100 })).toEqual([]);
    bench.admitted.add("Ethernet0");
    bench.sync.admit("Ethernet0");
    expect(bench.sink.take()).toEqual(["set Ethernet0 down/down 9100"]);
  });

  test("LinkSync says nothing when a name without a netdev is admitted or revoked (rule 18)", () => {
    const bench = new Bench();
    bench.new({ ifindex: 4, name: "Ethernet0" });
    bench.del({ ifindex: 4, name: "Ethernet0" });
    bench.sync.admit("Ethernet0");
    bench.sync.revoke("Ethernet0");
    bench.sync.admit("PortInitDone");
    expect(bench.sink.take()).toEqual([]);
  });

  test("LinkSync freezes a port that is revoked and removes it at its end (rule 18, section 9)", () => {
    const bench = new Bench();
    bench.new({ ifindex: 4, name: "Ethernet0" });
    bench.admitted.delete("Ethernet0");
    bench.sync.revoke("Ethernet0");
    expect(bench.sink.take()).toEqual(["freeze Ethernet0"]);
    expect(bench.new({ ifindex: 4, name: "Ethernet0", mtu: 9100 })).toEqual([]);
    expect(bench.del({ ifindex: 4, name: "Ethernet0" })).toEqual(["remove Ethernet0"]);
  });
});

describe("LinkSync old netdevs", () => {
  test("LinkSync ignores what is named Ethernet* until the start has ended, by ifindex, and nothing else (rules 8c, 16)", () => {
    const bench = new Bench({ ignoreOld: true, admitted: ["Ethernet0", "Ethernet4", "PortChannel1"] });
    const said = bench.new(
      { ifindex: 4, name: "Ethernet0" },
      { ifindex: 5, name: "Ethernet0.10" },
      { ifindex: 6, name: "PortChannel1" },
      { ifindex: 7, name: "eth0" },
    );
    expect(said).toEqual(["set PortChannel1 down/down 1500"]);
    bench.sync.endStartup();
    expect([...bench.sync.old]).toEqual([
      [4, "Ethernet0"],
      [5, "Ethernet0.10"],
    ]);
    expect(bench.new({ ifindex: 4, name: "Ethernet0", flags: UP })).toEqual([]);
    expect(bench.new({ ifindex: 4, name: "Ethernet4" })).toEqual([]);
    expect(bench.new({ ifindex: 7, name: "Ethernet0" })).toEqual(["set Ethernet0 down/down 1500"]);
  });

  test("LinkSync says nothing of the end of an old netdev, and takes its ifindex for a port later (rule 16, section 9)", () => {
    const bench = new Bench({ ignoreOld: true });
    bench.new({ ifindex: 4, name: "Ethernet0" });
    bench.sync.endStartup();
    expect(bench.del({ ifindex: 4, name: "Ethernet0" })).toEqual([]);
    expect(bench.new({ ifindex: 4, name: "Ethernet0" })).toEqual(["set Ethernet0 down/down 1500"]);
    expect(bench.sync.old.size).toBe(0);
  });

  test("LinkSync takes netdevs of a warm start for ports at once (rule 8, warm)", () => {
    const bench = new Bench({ ignoreOld: false });
    expect(bench.new({ ifindex: 4, name: "Ethernet0" })).toEqual(["set Ethernet0 down/down 1500"]);
    expect(bench.sync.old.size).toBe(0);
  });
});
