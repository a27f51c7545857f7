import { expect } from "bun:test";

import { IFF } from "../../ffi/linux/if.ts";
import { AF_UNSPEC } from "../../ffi/sys/socket.ts";
import { testWith } from "../support/testwith.ts";
import { canUseFaultBed, FaultBed } from "./faultbed.ts";
import { ForeignSender } from "./foreignsender.ts";
import { netlinkQueues } from "./netlinkqueue.ts";

/** What a liar says of a link. */
function lie(name: string, ifindex: number) {
  return { family: AF_UNSPEC, ifindex, name, flags: IFF.UP, mtu: 666, master: 0, kind: "" };
}

testWith(
  canUseFaultBed,
  "GroupSocket believes no other process, whether it tells the group or one socket",
  async () => {
    await using bed = await FaultBed.open();
    using sender = new ForeignSender(bed.box.namespace);
    const recorder = await bed.box.db.record("STATE_DB", "PORT_TABLE|*");
    const [first, second] = bed.ports;
    const links = bed.requests.dump();
    const sockets = netlinkQueues(bed.daemon.pid).map(({ portId }) => portId);
    expect(sockets.length).toBeGreaterThanOrEqual(2);
    for (const target of [undefined, ...sockets]) {
      sender.send("new", lie(first!, links.get(first!)!.ifindex), target);
      sender.send("new", lie("Ethernet900", 900), target);
      sender.send("del", lie(second!, links.get(second!)!.ifindex), target);
    }
    const isTaken = sockets.map((portId) => sender.send("new", lie(first!, links.get(first!)!.ifindex), portId));
    expect(isTaken).not.toContain(true);
    // What the kernel says after the lies is read and published after what came of them.
    await bed.box.links.mtu(4321, bed.ports[5]!);
    await bed.equal();
    await recorder.sync();
    expect(recorder.events.map(({ key, event }) => `${event} ${key}`)).toEqual([`hset PORT_TABLE|${bed.ports[5]}`]);
  },
);

testWith(canUseFaultBed, "LinkMonitor is right after another process flooded its socket", async () => {
  await using bed = await FaultBed.open({ config: { netlink: { receive_buffer_bytes: 65_536 } } });
  using sender = new ForeignSender(bed.box.namespace);
  await bed.daemon.freeze();
  for (let i = 0; i < 2000; i++) sender.send("new", lie(bed.ports[0]!, 900));
  await bed.replug();
  bed.scramble();
  expect(bed.drops()).toBeGreaterThan(0);
  bed.daemon.thaw();
  await bed.equal();
});
