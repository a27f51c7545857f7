import { expect, test } from "bun:test";

import { IFF } from "../../ffi/linux/if.ts";
import { NLM_F_MULTI, NLMSG_DONE } from "../../ffi/linux/netlink.ts";
import { RTM_DELLINK, RTM_NEWLINK } from "../../ffi/linux/rtnetlink.ts";
import { AF_BRIDGE } from "../../ffi/sys/socket.ts";
import { walkMessages, wrapDatagram } from "../../src/netlink/message.ts";
import { decodeLink, type Link } from "../../src/rtnetlink/link.ts";
import type { Capture, CapturedPacket } from "./capture.ts";
import captured from "./captured.json" with { type: "json" };
import { HANDMADE } from "./handmade.ts";
import { expectedLink } from "./iplink.ts";

const { packets } = captured as Capture;

interface Message {
  readonly type: number;
  readonly flags: number;
  readonly link: Link | undefined;
}

function decode(hex: string, address = true): Message[] {
  const buffer = wrapDatagram(new Uint8Array(Buffer.from(hex, "hex")));
  const messages: Message[] = [];
  walkMessages(buffer.view, buffer.bytes.length, (type, flags, _sequence, start, end) => {
    const isLink = type === RTM_NEWLINK || type === RTM_DELLINK;
    messages.push({ type, flags, link: isLink ? decodeLink(buffer, start, end, { address }) : undefined });
  });
  return messages;
}

/** What ip(8) said, as the packet has to say it: a bridge speaks of its member without its kind. */
function expected({ name, of, ip }: CapturedPacket): Link {
  const link = expectedLink(
    ip.find(({ ifname }) => ifname === of)!,
    ip,
  );
  return name.endsWith("as AF_BRIDGE") ? { ...link, family: AF_BRIDGE, kind: "" } : link;
}

for (const packet of packets.filter(({ of }) => of !== null)) {
  test(`decodeLink reads the captured ${packet.name} as ip(8) does`, () => {
    const [message, ...rest] = decode(packet.datagrams[0]!);
    const isGone = packet.name.includes("del") || packet.name.includes("leaves");
    expect(rest).toEqual([]);
    expect(message).toEqual({ type: isGone ? RTM_DELLINK : RTM_NEWLINK, flags: 0, link: expected(packet) });
  });
}

test("decodeLink reads every link of a captured dump as ip(8) does", () => {
  const { datagrams, ip } = packets.find(({ of }) => of === null)!;
  const messages = datagrams.flatMap((each) => decode(each));
  expect(messages.map(({ flags }) => flags & NLM_F_MULTI)).toEqual(messages.map(() => NLM_F_MULTI));
  expect(messages.pop()).toMatchObject({ type: NLMSG_DONE });
  expect(messages.map(({ type }) => type)).toEqual(messages.map(() => RTM_NEWLINK));
  expect(messages.map(({ link }) => link)).toEqual(ip.map((row) => expectedLink(row, ip)));
});

test("decodeLink reads the address only when it is asked for", () => {
  const { datagrams } = packets.find(({ name }) => name === "address")!;
  expect(decode(datagrams[0]!)[0]!.link!.address).toBe("02:00:5e:10:00:ff");
  expect(decode(datagrams[0]!, false)[0]!.link!.address).toBe("");
});

test("decodeLink keeps each byte of a name that is not UTF-8", () => {
  const { datagrams, of } = packets.find(({ name }) => name === "name of 15 bytes, not UTF-8")!;
  expect(of).toHaveLength(15);
  expect(decode(datagrams[0]!)[0]!.link!.name).toBe(of!);
});

for (const { name, hex, says } of HANDMADE) {
  test(`decodeLink reads the hand-made ${name}`, () => {
    const flags = says.flags.reduce((sum, flag) => sum | IFF[flag as keyof typeof IFF], 0);
    const [message, ...rest] = decode(hex.join("").replaceAll(" ", ""));
    expect(rest).toEqual([]);
    expect(message).toEqual({
      type: name.endsWith("del") ? RTM_DELLINK : RTM_NEWLINK,
      flags: 0,
      link: { ...says, flags, family: 0, address: "52:54:00:12:00:01" },
    });
  });
}
