import { expect } from "bun:test";

import { bind, close, sendto, socket, SystemError } from "../../ffi/libc.ts";
import { NETLINK_ROUTE } from "../../ffi/linux/netlink.ts";
import { RTMGRP_LINK } from "../../ffi/linux/rtnetlink.ts";
import { AF_NETLINK, SOCK_RAW } from "../../ffi/sys/socket.ts";
import { datagramBuffer } from "../../src/netlink/message.ts";
import { GroupSocket, RECEIVED, RequestSocket } from "../../src/netlink/socket.ts";
import { waitUntil } from "../support/deadline.ts";
import { inNamespace } from "../support/innamespace.ts";
import { decodeDatagram, encodeDump, encodeSetMtu, type LinkNotice } from "../support/linkmessage.ts";
import { farEnd, Links } from "../support/links.ts";
import { LinkSocket } from "../support/linksocket.ts";
import { Namespace } from "../support/namespace.ts";
import { all, needsCommands } from "../support/requirement.ts";
import { testWith } from "../support/testwith.ts";
import { ableToEnter } from "./innamespace.ts";
import { routeSockets } from "./routesockets.ts";

const ROOMY = 4_000_000;
/** The kernel makes the least that it grants of it: room for two messages or so. */
const TINY = 1;
const PORT = "Ethernet0";

/** A namespace with one port, a socket that changes it, and a group socket that hears of it. */
class Bench implements AsyncDisposable {
  rings = 0;
  readonly #owned = new AsyncDisposableStack();
  readonly group: GroupSocket;

  private constructor(
    readonly namespace: Namespace,
    readonly requests: LinkSocket,
    readonly ifindex: number,
    receiveBufferBytes: number,
    onRing: (() => void) | undefined,
  ) {
    const ring = () => {
      this.rings++;
      onRing?.();
    };
    this.#owned.use(namespace);
    this.#owned.use(requests);
    this.group = inNamespace(namespace, () => new GroupSocket(RTMGRP_LINK, receiveBufferBytes, ring));
    this.#owned.use(this.group);
  }

  static async open(receiveBufferBytes = ROOMY, onRing?: () => void): Promise<Bench> {
    const namespace = await Namespace.open();
    await new Links(namespace).add([PORT]);
    const requests = new LinkSocket(namespace);
    const { ifindex } = requests.dump().get(PORT)!;
    return new Bench(namespace, requests, ifindex, receiveBufferBytes, onRing);
  }

  /** Changes the port's MTU; the notification is queued when this returns. */
  setMtu(mtu: number): void {
    this.requests.send(encodeSetMtu(this.ifindex, mtu));
  }

  async waitForRing(count: number): Promise<void> {
    await waitUntil(`ring ${count}`, () => this.rings >= count, { seen: () => this.rings });
  }

  /** What receive() gives until it is empty: the MTUs that the datagrams tell, and the outcomes that are no datagram. */
  drain(): number[] {
    const got: number[] = [];
    for (;;) {
      const outcome = this.group.receive();
      if (outcome === RECEIVED.EMPTY) return got;
      got.push(outcome < 0 ? outcome : toldMtu(this.group.buffer.bytes, outcome));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}

function toldMtu(bytes: Uint8Array, length: number): number {
  const notice = decodeDatagram(Buffer.from(bytes.subarray(0, length)))[0] as LinkNotice;
  expect(notice).toMatchObject({ type: "new", ifname: PORT });
  return notice.mtu;
}

function address(port: number, groups: number): Uint8Array {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt16LE(AF_NETLINK, 0);
  bytes.writeUInt32LE(port, 4);
  bytes.writeUInt32LE(groups, 8);
  return bytes;
}

testWith(ableToEnter, "GroupSocket rings when the message is there to be received, and then is empty", async () => {
  const heard: number[][] = [];
  await using bench = await Bench.open(ROOMY, () => heard.push(bench.drain()));
  expect(bench.group.receive()).toBe(RECEIVED.EMPTY);
  for (const mtu of [9000, 1400]) {
    bench.setMtu(mtu);
    await bench.waitForRing(heard.length + 1);
  }
  expect(heard).toEqual([[9000], [1400]]);
  expect(bench.group.receive()).toBe(RECEIVED.EMPTY);
});

testWith(ableToEnter, "GroupSocket rings once for all that is queued when it is looked at", async () => {
  const heard: number[][] = [];
  await using bench = await Bench.open(ROOMY, () => heard.push(bench.drain()));
  const mtus = Array.from({ length: 200 }, (_, i) => 2000 + i);
  for (const mtu of mtus) bench.setMtu(mtu);
  await bench.waitForRing(1);
  bench.setMtu(1500);
  await bench.waitForRing(2);
  expect(heard).toEqual([mtus, [1500]]);
});

testWith(
  ableToEnter,
  "GroupSocket rings again for a message that comes between the only look and the next",
  async () => {
    const heard: number[] = [];
    await using bench = await Bench.open(ROOMY, () => {
      heard.push(toldMtu(bench.group.buffer.bytes, bench.group.receive()));
      if (heard.length === 1) bench.setMtu(9001);
    });
    bench.setMtu(9000);
    await bench.waitForRing(2);
    expect(heard).toEqual([9000, 9001]);
  },
);

testWith(
  ableToEnter,
  "GroupSocket asks for room and says how much it got: the kernel counts each byte twice",
  async () => {
    await using bench = await Bench.open(100_000);
    expect(bench.group.receiveBufferBytes).toBe(200_000);
  },
);

testWith(
  ableToEnter,
  "GroupSocket tells of a loss before what is left, and hears again when that is read",
  async () => {
    await using bench = await Bench.open(TINY);
    const mtus = Array.from({ length: 50 }, (_, i) => 2000 + i);
    for (const mtu of mtus) bench.setMtu(mtu);
    const [first, ...older] = bench.drain();
    expect(first).toBe(RECEIVED.OVERRUN);
    expect(older.length).toBeGreaterThan(0);
    expect(older).toEqual(mtus.slice(0, older.length));
    expect(older.length).toBeLessThan(mtus.length);
    bench.setMtu(1400);
    await bench.waitForRing(1);
    expect(bench.drain()).toEqual([1400]);
  },
);

testWith(ableToEnter, "GroupSocket's bell survives one overrun after another", async () => {
  await using bench = await Bench.open(TINY);
  for (let round = 1; round <= 5; round++) {
    const rings = bench.rings;
    for (let i = 0; i < 100; i++) bench.setMtu(2000 + i);
    await bench.waitForRing(rings + 1);
    expect(bench.drain()[0]).toBe(RECEIVED.OVERRUN);
  }
  expect(bench.drain()).toEqual([]);
});

const MULTICAST = `
import socket, struct
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
s.bind((0, 0))
s.sendto(struct.pack("=IHHII", 16, 16, 0, 0, 0), (0, 1))`;

testWith(
  all(ableToEnter, needsCommands("python3")),
  "GroupSocket calls a message that another process sends to the group foreign",
  async () => {
    await using bench = await Bench.open();
    await bench.namespace.run(["python3", "-c", MULTICAST]);
    await bench.waitForRing(1);
    expect(bench.drain()).toEqual([RECEIVED.FOREIGN]);
    bench.setMtu(9000);
    expect(bench.drain()).toEqual([9000]);
  },
);

testWith(ableToEnter, "GroupSocket takes from the kernel alone what is sent to its own port", async () => {
  await using bench = await Bench.open();
  const members = routeSockets(bench.namespace).filter(({ groups }) => groups === RTMGRP_LINK);
  expect(members).toHaveLength(2);
  const sender = inNamespace(bench.namespace, () => socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
  for (const { port } of members) {
    expect(() => sendto(sender, encodeDump(), 0, address(port, 0))).toThrow(/ECONNREFUSED/);
  }
  close(sender);
  expect(bench.drain()).toEqual([]);
});

testWith(ableToEnter, "GroupSocket and RequestSocket say so when a datagram is longer than the buffer", async () => {
  await using bench = await Bench.open();
  Object.assign(bench.group, { buffer: datagramBuffer(64) });
  bench.setMtu(9000);
  expect(bench.drain()).toEqual([RECEIVED.TRUNCATED]);
  using requests = inNamespace(bench.namespace, () => new RequestSocket());
  Object.assign(requests, { buffer: datagramBuffer(64) });
  requests.request(encodeDump());
  expect(requests.receive()).toBe(RECEIVED.TRUNCATED);
});

testWith(ableToEnter, "RequestSocket receives the kernel's answer, and then is empty", async () => {
  await using bench = await Bench.open();
  using requests = inNamespace(bench.namespace, () => new RequestSocket());
  expect(requests.receive()).toBe(RECEIVED.EMPTY);
  requests.request(encodeDump());
  const names: string[] = [];
  for (let length = requests.receive(); length >= 0; length = requests.receive()) {
    for (const message of decodeDatagram(Buffer.from(requests.buffer.bytes.subarray(0, length)))) {
      names.push(message.type === "end" ? "end" : message.ifname);
    }
  }
  expect(names.sort()).toEqual([PORT, "end", "lo", farEnd(PORT)]);
  expect(requests.receive()).toBe(RECEIVED.EMPTY);
});

testWith(ableToEnter, "RequestSocket does not hear the group, and nobody but the kernel can send to it", async () => {
  await using namespace = await Namespace.open();
  await new Links(namespace).add([PORT]);
  // The first netlink socket that a process has in a namespace gets the process id for its port.
  using requests = inNamespace(namespace, () => new RequestSocket());
  using changes = new LinkSocket(namespace);
  changes.send(encodeSetMtu(changes.dump().get(PORT)!.ifindex, 9000));
  expect(requests.receive()).toBe(RECEIVED.EMPTY);
  const sender = inNamespace(namespace, () => {
    const fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    bind(fd, address(0, 0));
    return fd;
  });
  const intrude = () => sendto(sender, encodeDump(), 0, address(process.pid, 0));
  expect(intrude).toThrow(SystemError);
  expect(intrude).toThrow("ECONNREFUSED");
  close(sender);
  expect(requests.receive()).toBe(RECEIVED.EMPTY);
});

testWith(ableToEnter, "GroupSocket and RequestSocket leave no socket open behind them", async () => {
  await using namespace = await Namespace.open();
  const before = routeSockets(namespace);
  for (let i = 0; i < 100; i++) {
    using group = inNamespace(namespace, () => new GroupSocket(RTMGRP_LINK, TINY, () => {}));
    using requests = inNamespace(namespace, () => new RequestSocket());
    if (i % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
    expect([group.receive(), requests.receive()]).toEqual([RECEIVED.EMPTY, RECEIVED.EMPTY]);
  }
  await waitUntil("close of all sockets", () => routeSockets(namespace).length === before.length, {
    seen: () => routeSockets(namespace),
  });
  expect(routeSockets(namespace)).toEqual(before);
});
