import { NLMSG_DONE } from "../../ffi/linux/netlink.ts";
import { ifinfomsg, RTM_DELLINK, RTM_NEWLINK } from "../../ffi/linux/rtnetlink.ts";
import { DecodeError, NetlinkError } from "../../src/netlink/error.ts";
import { encodeMessage, walkMessages } from "../../src/netlink/message.ts";
import { DatagramQueue } from "../../src/rtnetlink/datagramqueue.ts";
import { decodeLink, type Link } from "../../src/rtnetlink/link.ts";
import { dumpLinks } from "../../src/rtnetlink/request.ts";
import { GuardedView } from "../netlink/guardedview.ts";
import { link, newLink } from "../rtnetlink/feed.ts";
import { MonitorBench } from "../rtnetlink/monitorbench.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { agree, holds } from "./agreement.ts";
import { readDatagram, type Said } from "./datagramreader.ts";
import { StaleIntake, type Told } from "./staleintake.ts";

/** What may lie in memory behind a datagram: nothing, zeros, ones, and messages that are right. */
const BEHIND = [
  new Uint8Array(0),
  new Uint8Array(64),
  new Uint8Array(64).fill(0xff),
  newLink(link(7, { name: "Ethernet7" })),
];
const LONG_MS = 60_000;

/** A view that also ends a reader that goes round in circles: each step reads a length, and there are only so many. */
class SteppedView extends GuardedView {
  #steps: number;

  constructor(bytes: Uint8Array<ArrayBuffer>, start: number, end: number) {
    super(bytes, start, end);
    this.#steps = 16 + 2 * (end - start);
  }

  override getUint16(at: number, littleEndian?: boolean): number {
    holds("it ends", this.#steps-- > 0);
    return super.getUint16(at, littleEndian);
  }

  override getUint32(at: number, littleEndian?: boolean): number {
    holds("it ends", this.#steps-- > 0);
    return super.getUint32(at, littleEndian);
  }
}

/** walkMessages and decodeLink say of a datagram what the plain reader says, and look at nothing outside of it. */
export function checkDecoding(datagram: Uint8Array): void {
  const wanted = readDatagram(datagram);
  for (const behind of BEHIND) agree("what a datagram says", decode(datagram, behind), wanted);
}

function decode(datagram: Uint8Array, behind: Uint8Array): Said[] {
  const bytes = new Uint8Array(Buffer.concat([datagram, behind]));
  const said: Said[] = [];
  try {
    walkMessages(new SteppedView(bytes, 0, datagram.length), datagram.length, (type, _flags, _sequence, start, end) => {
      holds("a message is within its datagram", start >= 16 && start <= end && end <= datagram.length);
      said.push(decodeMessage(bytes, type, start, end));
    });
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    said.push({ what: "malformed", reason: error.reason });
  }
  return said;
}

function decodeMessage(bytes: Uint8Array<ArrayBuffer>, type: number, start: number, end: number): Said {
  if (type !== RTM_NEWLINK && type !== RTM_DELLINK) return { what: "other" };
  const view = new SteppedView(bytes, start, end);
  try {
    const decoded = decodeLink({ bytes, view }, start, end, { address: true });
    agree("a link without its address", decodeLink({ bytes, view }, start, end), { ...decoded, address: "" });
    const registered = view.getUint32(start + ifinfomsg.offset.ifi_change, true) === 0xffff_ffff;
    return { what: type === RTM_NEWLINK ? "new" : "del", link: decoded, registered };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { what: "undecoded", reason: error.reason };
  }
}

/** LinkIntake tells and counts of each datagram what the plain reader says, and nothing of one changes another. */
export function checkIntake(datagrams: readonly Uint8Array[]): void {
  const good = link(9, { name: "Ethernet36", mtu: 9100, master: 3 });
  const all = datagrams.flatMap((each) => [each, newLink(good)]);
  const intake = new StaleIntake();
  const said = all.flatMap(readDatagram);
  for (const each of all) intake.tell(each);
  const counted = (wanted: (one: Said) => boolean) => said.filter(wanted).length;
  agree("what the intake tells", intake.told, said.flatMap(toldOf));
  const reasons = { header: 0, length: 0, attribute: 0, name: 0 };
  for (const each of said) if ("reason" in each) reasons[each.reason]++;
  agree("the counters", intake.counters, {
    datagrams: all.length,
    newLinks: counted(({ what }) => what === "new"),
    delLinks: counted(({ what }) => what === "del"),
    otherMessages: counted(({ what }) => what === "other"),
    overruns: 0,
    truncated: 0,
    foreign: 0,
    undecoded: reasons,
  });
}

function toldOf(one: Said): Told[] {
  if ("link" in one) return [one];
  return one.what === "malformed" ? [{ what: one.what }] : [];
}

/** LinkMonitor keeps no more links than there were ifindexes, and is right again after the next audit. */
export async function checkMonitor(datagrams: readonly Uint8Array<ArrayBuffer>[]): Promise<void> {
  const truth = [link(1), link(2, { name: "Ethernet200", mtu: 9000 }), link(40)];
  const bench = await MonitorBench.synchronized();
  const heard = new Set([1, 2, 3, 40]);
  for (const each of datagrams) {
    for (const one of readDatagram(each)) if ("link" in one) heard.add(one.link.ifindex);
    bench.feed.tell(each);
    holds("no more links are kept than there are ifindexes", bench.monitor.links.size <= heard.size);
  }
  await answerDumps(bench, truth);
  holds("the monitor settles", bench.monitor.isSettled);
  const audited = bench.monitor.audit();
  await bench.clock.settle();
  await answerDumps(bench, truth);
  await audited;
  const byIndex = (links: Iterable<Link>) => [...links].sort((a, b) => a.ifindex - b.ifindex);
  agree("the links after an audit", byIndex(bench.monitor.links.values()), byIndex(truth));
}

/** Answers every dump that is open, and those that follow from it. */
async function answerDumps({ feed, clock }: MonitorBench, truth: readonly Link[]): Promise<void> {
  for (let open = feed.channels.filter(({ isOpen }) => isOpen); open.length > 0;) {
    for (const channel of open) channel.answer(truth);
    await clock.run(LONG_MS / 30);
    open = feed.channels.filter(({ isOpen }) => isOpen);
  }
}

/** dumpLinks ends with links or with an error of its own, whatever it is answered. */
export async function checkDump(datagrams: readonly Uint8Array<ArrayBuffer>[]): Promise<void> {
  const clock = new FakeClock();
  const channel = new DatagramQueue();
  for (const each of datagrams) channel.push(each);
  channel.push(encodeMessage(NLMSG_DONE, 0, 0, new Uint8Array(4)));
  let outcome = "";
  const dump = dumpLinks(channel, 0, clock, LONG_MS).then(
    ({ links, undecoded }) => {
      const said = datagrams.flatMap(readDatagram);
      holds("a dump has no more links than messages", links.length + undecoded <= said.length);
      outcome = "links";
    },
    (error: unknown) => {
      if (!(error instanceof DecodeError || error instanceof NetlinkError)) throw error;
      outcome = error.name;
    },
  );
  await clock.run(LONG_MS + 1);
  await Promise.race([dump, clock.settle()]);
  holds("the dump ends", outcome !== "");
}
