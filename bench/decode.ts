import { bind, close, recv, setsockopt, socket } from "../ffi/libc.ts";
import { NETLINK_ROUTE, sockaddr_nl } from "../ffi/linux/netlink.ts";
import { RTM_DELLINK, RTM_NEWLINK, RTMGRP_LINK } from "../ffi/linux/rtnetlink.ts";
import { AF_NETLINK, MSG_DONTWAIT, SO_RCVBUFFORCE, SOCK_RAW, SOL_SOCKET } from "../ffi/sys/socket.ts";
import { type DatagramBuffer, walkMessages, wrapDatagram } from "../src/netlink/message.ts";
import { LinkIntake } from "../src/rtnetlink/intake.ts";
import { decodeLink } from "../src/rtnetlink/link.ts";
import { kernelSource } from "../src/rtnetlink/source.ts";
import { systemClock } from "../src/util/clock.ts";
import type { Capture } from "../test/golden/capture.ts";
import captured from "../test/golden/captured.json" with { type: "json" };
import { HANDMADE } from "../test/golden/handmade.ts";
import { encodeSetMtu } from "../test/support/linkmessage.ts";
import { Links, portNames } from "../test/support/links.ts";
import { LinkSocket } from "../test/support/linksocket.ts";
import { Namespace } from "../test/support/namespace.ts";
import { enterPrivateNetwork } from "../test/support/privatenetwork.ts";
import { TempDir } from "../test/support/tempdir.ts";
import { Program } from "./program.ts";
import { benchOptions, report, type Row } from "./report.ts";
import { median } from "./statistics.ts";
import { compileYardstick } from "./yardstick.ts";

const USAGE = `bun bench/decode.ts [--events N] [--rounds N] [--json FILE]

What taking in a link message costs on one core: the golden packets of test/golden, walked and decoded from memory;
and --events messages of the kernel, which wait in the queues of sockets that then take turns to read them: a bare
recv(2) loop in C, the same through bun:ffi, and the daemon's intake, which also looks at the sender, walks and
decodes. Medians of the rounds; the relation is to the bare loop through bun:ffi in the same round. Always the
sources.`;

const QUEUE_BYTES = 256 << 20;
const GOLDEN_MS = 100;
const PORTS = 64;
const BARE = "recv through bun:ffi";

/** Reads what is there, and returns how many messages that was and how long it took. */
type Reader = () => Promise<Reading>;

interface Reading {
  readonly messages: number;
  readonly ms: number;
}

async function main(): Promise<void> {
  const { numbers, json } = benchOptions(USAGE, { events: "4096", rounds: "15" });
  const able = enterPrivateNetwork();
  if (!able.ok) console.log(`without the kernel's messages: ${able.reason}`);
  await using owned = new AsyncDisposableStack();
  const readers = new Map<string, Reader>([["golden packets from memory", goldenReader()]]);
  const fill = able.ok ? await addKernelReaders(owned, readers, numbers.events[0]!) : () => {};
  const measured = new Map<string, Reading[]>([...readers.keys()].map((name) => [name, []]));
  for (let round = -1; round < numbers.rounds[0]!; round++) {
    fill();
    for (const [name, read] of readers) {
      const reading = await read();
      if (round >= 0) measured.get(name)!.push(reading); // the first is for the compilers
    }
  }
  await report("decode", { "messages taken in": describe(measured) }, json, { measured: "the sources" });
}

function describe(measured: ReadonlyMap<string, readonly Reading[]>): Row[] {
  const nanoseconds = ({ messages, ms }: Reading) => (ms * 1e6) / messages;
  const bare = measured.get(BARE)?.map(nanoseconds);
  const rows: Row[] = [];
  for (const [reader, readings] of measured) {
    const each = readings.map(nanoseconds);
    const relation = bare ? { "to bun:ffi": median(each.map((ns, i) => ns / bare[i]!)) } : {};
    rows.push({ reader, "messages/s": 1e9 / median(each), "ns/message": median(each), ...relation });
  }
  return rows;
}

function goldenReader(): Reader {
  const { packets } = captured as Capture;
  const hex = [
    ...packets.filter(({ of }) => of !== null).map(({ datagrams }) => datagrams[0]!),
    ...HANDMADE.map((packet) => packet.hex.join("").replaceAll(" ", "")),
  ];
  const buffers = hex.map((digits) => wrapDatagram(new Uint8Array(Buffer.from(digits, "hex"))));
  return async () => {
    const startMs = performance.now();
    let messages = 0;
    let ms = 0;
    for (; ms < GOLDEN_MS; ms = performance.now() - startMs) {
      for (const buffer of buffers) messages += decodeAll(buffer);
    }
    return { messages, ms };
  };
}

function decodeAll(buffer: DatagramBuffer): number {
  let links = 0;
  walkMessages(buffer.view, buffer.bytes.length, (type, _flags, _sequence, start, end) => {
    if ((type === RTM_NEWLINK || type === RTM_DELLINK) && decodeLink(buffer, start, end).name !== "") links++;
  });
  return links;
}

/** Opens the sockets; returns what fills their queues with the messages of so many changes. */
async function addKernelReaders(
  owned: AsyncDisposableStack,
  readers: Map<string, Reader>,
  events: number,
): Promise<() => void> {
  const ports = portNames(PORTS);
  await new Links(Namespace.current).add(ports, { up: true, carrier: true });
  // In this order: while the program is waited for, the event loop turns, and the intake would read by itself.
  readers.set("daemon's intake, decoded", intakeReader(owned));
  readers.set(BARE, bareReader(owned));
  const yardstick = await compileYardstick(owned.use(new TempDir()));
  if (yardstick) {
    const program = owned.use(new Program(Namespace.current, [yardstick, "drain", `${QUEUE_BYTES}`]));
    await program.hear("ready");
    readers.set("recv in C", () => askToDrain(program));
  }
  const requests = owned.use(new LinkSocket());
  const links = requests.dump();
  const ifindexes = ports.map((port) => links.get(port)!.ifindex);
  let mtu = 2000;
  return () => {
    for (let sent = 0; sent < events; sent += ports.length) {
      mtu = mtu === 8000 ? 2000 : mtu + 1;
      requests.send(Buffer.concat(ifindexes.slice(0, events - sent).map((ifindex) => encodeSetMtu(ifindex, mtu))));
    }
  };
}

async function askToDrain(program: Program): Promise<Reading> {
  const [, messages, nanoseconds] = (await program.ask("now", "drained ")).split(" ");
  return { messages: Number(messages), ms: Number(nanoseconds) / 1e6 };
}

function bareReader(owned: AsyncDisposableStack): Reader {
  const fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  owned.defer(() => close(fd));
  const address = new Uint8Array(sockaddr_nl.size);
  const view = new DataView(address.buffer);
  view.setUint16(sockaddr_nl.offset.nl_family, AF_NETLINK, true);
  view.setUint32(sockaddr_nl.offset.nl_groups, RTMGRP_LINK, true);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, QUEUE_BYTES);
  bind(fd, address);
  const bytes = new Uint8Array(65_536);
  return async () => {
    const startMs = performance.now();
    let messages = 0;
    while (recv(fd, bytes, MSG_DONTWAIT) > 0) messages++;
    return { messages, ms: performance.now() - startMs };
  };
}

function intakeReader(owned: AsyncDisposableStack): Reader {
  let messages = 0;
  const budget = { datagrams: Number.MAX_SAFE_INTEGER, ms: Number.MAX_SAFE_INTEGER };
  const handlers = {
    onLink: () => messages++,
    onLoss: (reason: string) => console.log(`the intake lost messages: ${reason}`),
    onEmpty() {},
    onPublish() {},
    onBroken(error: unknown) {
      throw error;
    },
  };
  const intake = owned.use(new LinkIntake(kernelSource(), QUEUE_BYTES, systemClock, budget, handlers));
  return async () => {
    messages = 0;
    const startMs = performance.now();
    intake.drain();
    return { messages, ms: performance.now() - startMs };
  };
}

await main();
process.exit();
