// bun test/golden/capture.ts      as root: captures test/golden/captured.json anew from the kernel that runs here
import { release } from "node:os";
import { join } from "node:path";

import { errno } from "../../ffi/errno.ts";
import { bind, close, recv, send, setsockopt, socket, SystemError } from "../../ffi/libc.ts";
import { NETLINK_ROUTE } from "../../ffi/linux/netlink.ts";
import { RTMGRP_LINK } from "../../ffi/linux/rtnetlink.ts";
import { AF_NETLINK, MSG_DONTWAIT, SO_RCVBUFFORCE, SOCK_RAW, SOL_SOCKET } from "../../ffi/sys/socket.ts";
import { inNamespace } from "../support/innamespace.ts";
import { encodeDump } from "../support/linkmessage.ts";
import { Namespace } from "../support/namespace.ts";
import { type IpLink, parseIpLinks } from "./iplink.ts";

/** Datagrams as the kernel sent them, and what ip(8) said of the same links. */
export interface CapturedPacket {
  readonly name: string;
  /** The ip(8) commands that ran before, in a new network namespace. */
  readonly setup: readonly string[];
  /** The ip(8) command whose message this is; null for the answer to a dump. */
  readonly command: string | null;
  /** The link that it speaks of; null for a dump. */
  readonly of: string | null;
  /** All links, after the command for what is new, before it for what goes. */
  readonly ip: readonly IpLink[];
  /** In hexadecimal digits; a single one but for a dump. */
  readonly datagrams: readonly string[];
}

/** The content of captured.json. */
export interface Capture {
  readonly kernel: string;
  readonly iproute2: string;
  readonly packets: readonly CapturedPacket[];
}

/** Which of the messages that a command causes is kept: the last one of this type, family and ifindex. */
interface Step {
  readonly name: string;
  readonly setup: readonly string[];
  readonly command: string;
  readonly of: string;
  readonly type: 16 | 17;
  readonly family?: number;
  /** The links are asked for before the command. */
  readonly before?: boolean;
}

const AF_BRIDGE = 7;
const VETH = "link add Ethernet0 type veth peer name p0";
const BRIDGE = [VETH, "link add Bridge type bridge", "link set p0 up", "link set Ethernet0 up"];
/** 15 bytes, of which none but the first is UTF-8. */
const BYTES = `E${"\xff\xfe\x80\xc3\xf8".repeat(3)}`.slice(0, 15);

const STEPS: readonly Step[] = [
  { name: "veth new", setup: [], command: VETH, of: "Ethernet0", type: 16 },
  { name: "veth up without carrier", setup: [VETH], command: "link set Ethernet0 up", of: "Ethernet0", type: 16 },
  {
    name: "veth up with carrier",
    setup: [VETH, "link set Ethernet0 up"],
    command: "link set p0 up",
    of: "Ethernet0",
    type: 16,
  },
  {
    name: "veth down",
    setup: [VETH, "link set Ethernet0 up"],
    command: "link set Ethernet0 down",
    of: "Ethernet0",
    type: 16,
  },
  { name: "mtu", setup: [VETH], command: "link set Ethernet0 mtu 9100", of: "Ethernet0", type: 16 },
  { name: "rename", setup: [VETH], command: "link set Ethernet0 name Ethernet128", of: "Ethernet128", type: 16 },
  {
    name: "address",
    setup: [VETH],
    command: "link set Ethernet0 address 02:00:5e:10:00:ff",
    of: "Ethernet0",
    type: 16,
  },
  {
    name: "altname and alias",
    setup: [VETH, "link property add dev Ethernet0 altname etp1", "link set Ethernet0 alias Servers0:eth0"],
    command: "link set Ethernet0 mtu 9000",
    of: "Ethernet0",
    type: 16,
  },
  { name: "name of 15 bytes, not UTF-8", setup: [], command: `link add ${BYTES} type ifb`, of: BYTES, type: 16 },
  { name: "ifb new", setup: [], command: "link add ifb0 type ifb", of: "ifb0", type: 16 },
  { name: "tap new", setup: [], command: "tuntap add Ethernet4 mode tap", of: "Ethernet4", type: 16 },
  { name: "tun without an address", setup: [], command: "tuntap add tun0 mode tun", of: "tun0", type: 16 },
  { name: "bridge new", setup: [], command: "link add Bridge type bridge", of: "Bridge", type: 16 },
  { name: "veth del", setup: [VETH], command: "link del Ethernet0", of: "Ethernet0", type: 17, before: true },
  { name: "bridge member new", setup: BRIDGE, command: "link set Ethernet0 master Bridge", of: "Ethernet0", type: 16 },
  {
    name: "bridge member new, as AF_BRIDGE",
    setup: BRIDGE,
    command: "link set Ethernet0 master Bridge",
    of: "Ethernet0",
    type: 16,
    family: AF_BRIDGE,
  },
  {
    name: "bridge member leaves, as AF_BRIDGE",
    setup: [...BRIDGE, "link set Ethernet0 master Bridge"],
    command: "link set Ethernet0 nomaster",
    of: "Ethernet0",
    type: 17,
    family: AF_BRIDGE,
    before: true,
  },
  {
    name: "bridge member left",
    setup: [...BRIDGE, "link set Ethernet0 master Bridge"],
    command: "link set Ethernet0 nomaster",
    of: "Ethernet0",
    type: 16,
  },
];

function openRoute(namespace: Namespace): number {
  return inNamespace(namespace, () => {
    const fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    const address = Buffer.alloc(12);
    address.writeUInt16LE(AF_NETLINK, 0);
    address.writeUInt32LE(RTMGRP_LINK, 8);
    bind(fd, address);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24);
    return fd;
  });
}

function receive(fd: number): Buffer[] {
  const datagrams: Buffer[] = [];
  const into = Buffer.alloc(65_536);
  for (;;) {
    const length = recv(fd, into, MSG_DONTWAIT);
    if (length === -errno.EAGAIN) return datagrams;
    if (length < 0) throw new SystemError("recv", -length);
    datagrams.push(Buffer.from(into.subarray(0, length)));
  }
}

/** Runs commands as `ip -batch` does, which takes names of any bytes where argv is UTF-8 here. */
async function ip(namespace: Namespace, commands: readonly string[], dir: string): Promise<void> {
  if (commands.length === 0) return;
  const file = join(dir, `portsyncd-capture-${process.pid}`);
  await Bun.write(file, Buffer.from(`${commands.join("\n")}\n`, "latin1"));
  await namespace.run(["ip", "-batch", file]);
  await Bun.file(file).delete();
}

async function links(namespace: Namespace): Promise<IpLink[]> {
  const child = namespace.spawn(["ip", "-j", "-d", "link"]);
  return parseIpLinks(Buffer.from(await child.stdout.bytes()).toString("latin1"));
}

function isWanted(datagram: Buffer, step: Step, ifindex: number): boolean {
  return (
    datagram.readUInt16LE(4) === step.type &&
    datagram.readUInt8(16) === (step.family ?? 0) &&
    datagram.readInt32LE(20) === ifindex
  );
}

async function capture(step: Step, dir: string): Promise<CapturedPacket> {
  await using namespace = await Namespace.open();
  const { name, setup, command, of } = step;
  await ip(namespace, setup, dir);
  const before = await links(namespace);
  const fd = openRoute(namespace);
  await ip(namespace, [command], dir);
  const all = step.before ? before : await links(namespace);
  const { ifindex } = all.find(({ ifname }) => ifname === of)!;
  const datagram = receive(fd).findLast((each) => isWanted(each, step, ifindex));
  close(fd);
  if (!datagram) throw new Error(`no message for ${name}`);
  return { name, setup, command, of, ip: all, datagrams: [datagram.toString("hex")] };
}

async function captureDump(dir: string): Promise<CapturedPacket> {
  await using namespace = await Namespace.open();
  const setup = [...BRIDGE, "link set Ethernet0 master Bridge"];
  await ip(namespace, setup, dir);
  const fd = openRoute(namespace);
  send(fd, encodeDump(), 0);
  const datagrams = receive(fd).map((each) => each.toString("hex"));
  close(fd);
  return { name: "dump", setup, command: null, of: null, ip: await links(namespace), datagrams };
}

if (import.meta.main) {
  const packets: CapturedPacket[] = [];
  for (const step of STEPS) packets.push(await capture(step, import.meta.dir));
  packets.push(await captureDump(import.meta.dir));
  const iproute2 = (await Namespace.current.run(["ip", "-V"])).trim();
  const all: Capture = { kernel: release(), iproute2, packets };
  await Bun.write(join(import.meta.dir, "captured.json"), `${JSON.stringify(all, null, 2)}\n`);
}
