import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";

import { wrapDatagram } from "../../src/netlink/message.ts";
import { decodeLink, type Link } from "../../src/rtnetlink/link.ts";
import { Recording } from "../../src/rtnetlink/rtmon.ts";
import { expectedLink, parseIpLinks } from "../golden/iplink.ts";
import { ableToEnter } from "../netlink/innamespace.ts";
import { spawnChild } from "../support/child.ts";
import { waitUntil, within } from "../support/deadline.ts";
import { encodeSetMtu } from "../support/linkmessage.ts";
import { Links, portNames } from "../support/links.ts";
import { LinkSocket } from "../support/linksocket.ts";
import { canUseNamespaces, Namespace } from "../support/namespace.ts";
import { all, needsCommands } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { Listener, portsyncd, runPortsyncd } from "./portsyncd.ts";

const able = canUseNamespaces();

interface Recorded {
  readonly type: number;
  readonly wallMs: number;
  readonly link: Link;
}

function read(file: string): Recorded[] {
  return Array.from(new Recording(readFileSync(file)), ({ wallMs, bytes }) => {
    const buffer = wrapDatagram(bytes);
    const link = decodeLink(buffer, 16, bytes.length, { address: true });
    return { type: buffer.view.getUint16(4, true), wallMs: wallMs ?? NaN, link };
  });
}

/** Starts a recording, and waits until it has the links that there are. */
async function record(namespace: Namespace, file: string): Promise<Listener> {
  const recorder = await Listener.start(namespace, "record", file);
  await waitUntil("dump", () => existsSync(file) && read(file).some(({ link }) => link.name === "lo"));
  return recorder;
}

testWith(able, "portsyncd record writes all links and then every event, as ip(8) says of them", async () => {
  await using dir = new TempDir();
  await using namespace = await Namespace.open();
  const links = new Links(namespace);
  await links.add(["Ethernet0"]);
  const start = Date.now();
  const recorder = await record(namespace, dir.file("links"));
  await links.add(["Ethernet4"], { up: true, carrier: true, mtu: 9100 });
  await links.delete("Ethernet0");
  expect(await recorder.stop()).toEqual({ code: 0, stderr: "" });
  const rows = parseIpLinks(await namespace.run(["ip", "-j", "-d", "link"]));
  const state = new Map<number, Link>();
  const messages = read(dir.file("links"));
  for (const { type, link } of messages) {
    if (type === 16) state.set(link.ifindex, link);
    else state.delete(link.ifindex);
  }
  expect(Array.from(state.values()).sort((a, b) => a.ifindex - b.ifindex)).toEqual(
    rows.map((row) => expectedLink(row, rows)),
  );
  expect(messages.slice(0, 3).map(({ link }) => link.name)).toEqual(["lo", "p0", "Ethernet0"]);
  expect(
    messages
      .filter(({ type }) => type === 17)
      .map(({ link }) => link.name)
      .sort(),
  ).toEqual(["Ethernet0", "p0"]);
  const times = messages.map(({ wallMs }) => wallMs);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times[0]).toBeWithin(start, Date.now() + 1);
});

testWith(ableToEnter, "portsyncd record writes what happened before SIGTERM, down to the last event", async () => {
  await using dir = new TempDir();
  await using namespace = await Namespace.open();
  await new Links(namespace).add(["Ethernet0"]);
  const recorder = await record(namespace, dir.file("links"));
  using requests = new LinkSocket(namespace);
  const { ifindex } = requests.dump().get("Ethernet0")!;
  // More than are read in one turn of the event loop.
  const mtus = Array.from({ length: 2500 }, (_, i) => 2000 + i);
  recorder.kill("SIGSTOP");
  for (const mtu of mtus) requests.send(encodeSetMtu(ifindex, mtu));
  recorder.kill("SIGTERM");
  expect(await recorder.stop("SIGCONT")).toEqual({ code: 0, stderr: "" });
  const events = read(dir.file("links")).filter(({ link }) => link.ifindex === ifindex && link.mtu !== 1500);
  expect(events.map(({ link }) => link.mtu)).toEqual(mtus);
});

testWith(able, "portsyncd record writes what ip-monitor(8) reads, and what portsyncd monitor replays", async () => {
  await using dir = new TempDir();
  await using namespace = await Namespace.open();
  const links = new Links(namespace);
  await links.add(portNames(2));
  const file = dir.file("links");
  const recorder = await record(namespace, file);
  await links.mtu(9100, "Ethernet0");
  await links.rename("Ethernet4", "Ethernet400");
  await links.delete("Ethernet400");
  await recorder.stop();
  const printed = await namespace.run(["ip", "monitor", "link", "file", file]);
  const heads = Array.from(printed.matchAll(/^(Deleted )?(\d+): ([^:@]+)[@:].* mtu (\d+)/gm));
  const inIp = heads.map(([, deleted, ifindex, name, mtu]) => [
    deleted ? "del" : "new",
    Number(ifindex),
    name,
    Number(mtu),
  ]);
  const { code, stdout } = await runPortsyncd("monitor", "--json", "--source", `replay:${file}`);
  const records = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(code).toBe(0);
  expect(records.map(({ event, ifindex, ifname, mtu }) => [event, ifindex, ifname, mtu])).toEqual(inIp);
  expect(inIp.map(([event, , name, mtu]) => `${event} ${name} ${mtu}`)).toEqual(
    expect.arrayContaining([
      "new lo 65536",
      "new Ethernet0 9100",
      "new Ethernet400 1500",
      "del Ethernet400 1500",
      "del p4 1500",
    ]),
  );
});

for (const [what, file, words] of [
  ["in a directory that is not there", "/nonexistent/links", "ENOENT"],
  ["that is a directory", "/tmp", "EISDIR"],
] as const) {
  test(`portsyncd record ends with 74 for a file ${what}`, async () => {
    const { code, stdout, stderr } = await runPortsyncd("record", file);
    expect([code, stdout]).toEqual([74, ""]);
    expect(stderr).toStartWith("portsyncd: ");
    expect(stderr).toContain(words);
    expect(stderr.split("\n")).toHaveLength(2);
  });
}

for (const [size, count] of [
  ["few", 1],
  // More than are read in one turn of the event loop.
  ["very many", 1000],
] as const) {
  testWith(
    able,
    `portsyncd record ends with 74 when there is no room left, with ${size} links`,
    async () => {
      await using namespace = await Namespace.open();
      await new Links(namespace).add(portNames(count));
      const child = namespace.spawn(portsyncd("record", "/dev/full"));
      const [code, stderr] = await within("end", Promise.all([child.exited, child.stderr.text()]), 20);
      expect(stderr).toMatch(/^portsyncd: \/dev\/full: .*ENOSPC.*\n$/);
      expect(code).toBe(74);
    },
    60,
  );
}

testWith(
  all(able, needsCommands("prlimit")),
  "portsyncd record ends with 74 when the file may not grow any further",
  async () => {
    await using dir = new TempDir();
    await using namespace = await Namespace.open();
    await new Links(namespace).add(portNames(2));
    const file = dir.file("links");
    // SIGXFSZ is ignored, so that write(2) says EFBIG.
    const words = ["sh", "-c", `trap "" XFSZ; exec prlimit --fsize=5000 "$@"`, "sh", ...portsyncd("record", file)];
    const child = spawnChild(namespace.command(words));
    const [code, stderr] = await within("end", Promise.all([child.exited, child.stderr.text()]), 10).finally(() =>
      child.kill(),
    );
    expect(stderr).toContain("EFBIG");
    expect(code).toBe(74);
  },
);

testWith(able, "portsyncd record overwrites an older recording", async () => {
  await using dir = new TempDir();
  await using namespace = await Namespace.open();
  const file = dir.file("links");
  await Bun.write(file, new Uint8Array(100_000));
  const recorder = await Listener.start(namespace, "record", file);
  await waitUntil("dump", () => Bun.file(file).size < 100_000 && Bun.file(file).size > 0);
  await recorder.stop("SIGINT");
  expect(read(file).map(({ link }) => link.name)).toEqual(["lo"]);
});
