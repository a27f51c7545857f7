import { expect, test } from "bun:test";

import { IFF } from "../../ffi/linux/if.ts";
import { formatJson, formatText } from "../../src/cli/monitor.ts";
import { encodeTimestamp } from "../../src/rtnetlink/rtmon.ts";
import { expectedLink, type IpLink, parseIpLinks } from "../golden/iplink.ts";
import { delLink, link, newLink } from "../rtnetlink/feed.ts";
import { spawnChild } from "../support/child.ts";
import { waitUntil, within } from "../support/deadline.ts";
import { Links } from "../support/links.ts";
import { canUseNamespaces, Namespace } from "../support/namespace.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { Listener, portsyncd, runPortsyncd } from "./portsyncd.ts";

/** An event as the issue of the command line has it. */
interface LinkRecord {
  readonly event: "new" | "del";
  readonly ifindex: number;
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly admin: "up" | "down";
  readonly oper: "up" | "down";
  readonly mtu: number | null;
  readonly master: number | null;
  readonly kind: string | null;
  readonly address: string | null;
  readonly time: string;
}

const able = canUseNamespaces();
const KEYS = ["event", "ifindex", "ifname", "flags", "admin", "oper", "mtu", "master", "kind", "address", "time"];
const TIME = new Date(Date.UTC(2001, 1, 3, 4, 5, 6, 789));
const CONTROL = /[^\n\P{C}]/u;

function parseLines(lines: readonly string[]): LinkRecord[] {
  return lines.map((line) => JSON.parse(line) as LinkRecord);
}

/** An event without its time, which no test knows. */
function timeless(record: LinkRecord): Omit<LinkRecord, "time"> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => key !== "time")) as unknown as LinkRecord;
}

/** What `monitor --json` has to print of a link, from what ip(8) says. */
function expectedRecord(row: IpLink, rows: readonly IpLink[]): Omit<LinkRecord, "event" | "time"> {
  const { ifindex, name, flags, mtu, master, kind, address } = expectedLink(row, rows);
  return {
    ifindex,
    ifname: name,
    flags: Object.keys(IFF).filter((each) => (flags & IFF[each as keyof typeof IFF]) !== 0),
    admin: row.flags.includes("UP") ? "up" : "down",
    oper: row.flags.includes("UP") && !row.flags.includes("NO-CARRIER") ? "up" : "down",
    mtu: mtu!,
    master: master || null,
    kind: kind || null,
    address: address || null,
  };
}

async function ipLinks(namespace: Namespace): Promise<IpLink[]> {
  return parseIpLinks(await namespace.run(["ip", "-j", "-d", "link"]));
}

async function writeRecording(dir: TempDir, messages: readonly Uint8Array[]): Promise<string> {
  const file = dir.file("links.rtmon");
  await Bun.write(file, Buffer.concat(messages.flatMap((message) => [encodeTimestamp(0), message])));
  return `replay:${file}`;
}

/** Changes after which each link has been spoken of, and its last message says what is still true. */
const CHANGES = [
  "link add Ethernet0 mtu 9100 type veth peer name p0",
  "tuntap add tun0 mode tun",
  "link add Bridge type bridge",
  "link set p0 up",
  "link set Ethernet0 up",
  "link set Ethernet0 master Bridge",
  "link set lo mtu 9000",
  "link set Ethernet0 mtu 9200",
];

testWith(
  able,
  "portsyncd monitor --json prints of each link what ip(8) says, with null for what is absent",
  async () => {
    await using namespace = await Namespace.open();
    const monitor = await Listener.start(namespace, "monitor", "--json");
    const links = new Links(namespace);
    await links.batch(CHANGES);
    // A bridge speaks of its member, too; only the link itself says its kind.
    const last = () => {
      const own = parseLines(monitor.lines).filter(({ ifname, kind }) => ifname !== "Ethernet0" || kind !== null);
      return new Map(own.map((each) => [each.ifindex, timeless(each)]));
    };
    // The kernel says some time after a link was set up that it runs.
    const looked = async () => {
      const rows = await ipLinks(namespace);
      return new Map(rows.map((row) => [row.ifindex, { event: "new" as const, ...expectedRecord(row, rows) }]));
    };
    let expected = await looked();
    const agree = async () => Bun.deepEquals(last(), (expected = await looked()));
    await waitUntil("all links", agree, { seconds: 5, everyMs: 20 }).catch(() => {});
    expect(Array.from(last().values()).sort((a, b) => a.ifindex - b.ifindex)).toEqual(Array.from(expected.values()));
    const byName = new Map(Array.from(last().values(), (each) => [each.ifname, each]));
    expect(byName.get("tun0")).toMatchObject({ address: null, master: null, kind: "tun", admin: "down", oper: "down" });
    expect(byName.get("lo")).toMatchObject({ kind: null, oper: "up" });
    expect(byName.get("Ethernet0")).toMatchObject({ oper: "up", master: byName.get("Bridge")!.ifindex, mtu: 9200 });
    for (const each of parseLines(monitor.lines)) expect(Object.keys(each)).toEqual(KEYS);
    expect(await monitor.stop()).toEqual({ code: 0, stderr: "" });
  },
);

testWith(able, "portsyncd monitor --json prints deletions and the time of each event", async () => {
  await using namespace = await Namespace.open();
  const monitor = await Listener.start(namespace, "monitor", "--json");
  const links = new Links(namespace);
  const before = Date.now();
  await links.add(["Ethernet0"]);
  await links.delete("Ethernet0");
  const isGone = ({ event, ifname }: LinkRecord) => event === "del" && ifname === "Ethernet0";
  await monitor.waitFor("deletion", (lines) => parseLines(lines).some(isGone));
  const times = parseLines(monitor.lines).map(({ time }) => time);
  expect(times).toEqual(times.toSorted());
  expect(new Date(times[0]!).toISOString()).toBe(times[0]!);
  expect(Date.parse(times[0]!)).toBeGreaterThanOrEqual(before);
  expect(await monitor.stop("SIGINT")).toEqual({ code: 0, stderr: "" });
});

testWith(able, "portsyncd monitor prints one line for people for each event", async () => {
  await using namespace = await Namespace.open();
  const monitor = await Listener.start(namespace, "monitor");
  await new Links(namespace).batch(["link set lo mtu 9000"]);
  await monitor.waitFor("event", (lines) => lines.length > 0);
  expect(monitor.lines[0]).toMatch(
    /^\S+Z new 1: lo admin up oper up mtu 9000 address 00:00:00:00:00:00 <UP,LOOPBACK,RUNNING,LOWER_UP>$/,
  );
  await monitor.stop();
});

testWith(able, "portsyncd monitor ends well when its reader goes away", async () => {
  await using namespace = await Namespace.open();
  const command = `${portsyncd("monitor").join(" ")} | head -n 1; echo "\${PIPESTATUS[0]}"`;
  const child = namespace.spawn(["bash", "-c", command]);
  const links = new Links(namespace);
  const ended = Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  let mtu = 1000;
  let isOver = false;
  void child.exited.then(() => (isOver = true));
  await waitUntil("end", async () => {
    await links.batch([`link set lo mtu ${mtu++}`]);
    return isOver;
  });
  const [stdout, stderr] = await ended;
  expect(stdout).toMatch(/^\S+Z new 1: lo .*\n0\n$/);
  expect(stderr).toBe("");
});

test("portsyncd monitor --source replay:FILE prints what was recorded, and ends", async () => {
  await using dir = new TempDir();
  const bare = link(3, { mtu: undefined, kind: "", flags: 0 });
  const source = await writeRecording(dir, [
    newLink(link(2, { master: 9, flags: 0x11043 })),
    newLink(bare),
    delLink(link(2)),
  ]);
  const { code, stdout, stderr } = await runPortsyncd("monitor", "--json", "--source", source);
  expect([code, stderr]).toEqual([0, ""]);
  const records = parseLines(stdout.trim().split("\n")).map(timeless);
  const flags = ["UP", "BROADCAST", "RUNNING", "MULTICAST", "LOWER_UP"];
  const usual = { address: null, kind: "veth", mtu: 1500, master: null };
  expect(records).toEqual([
    { ...usual, event: "new", ifindex: 2, ifname: "Ethernet2", flags, admin: "up", oper: "up", master: 9 },
    {
      ...usual,
      event: "new",
      ifindex: 3,
      ifname: "Ethernet3",
      flags: [],
      admin: "down",
      oper: "down",
      mtu: null,
      kind: null,
    },
    { ...usual, event: "del", ifindex: 2, ifname: "Ethernet2", flags: ["UP"], admin: "up", oper: "down" },
  ]);
});

test("portsyncd monitor prints all of a long recording, also for a reader that is slow to begin", async () => {
  await using dir = new TempDir();
  const count = 5000;
  const source = await writeRecording(
    dir,
    Array.from({ length: count }, (_, i) => newLink(link(i + 1))),
  );
  const child = spawnChild([
    "sh",
    "-c",
    `${portsyncd("monitor", "--json", "--source", source).join(" ")} | (sleep 0.5; cat)`,
  ]);
  const [stdout, stderr] = await within("end", Promise.all([child.stdout.text(), child.stderr.text()]), 20);
  expect(stderr).toBe("");
  const indexes = parseLines(stdout.trim().split("\n")).map(({ ifindex }) => ifindex);
  expect(indexes).toEqual(Array.from({ length: count }, (_, i) => i + 1));
});

test("portsyncd monitor --source simulate prints events until it is stopped", async () => {
  const child = spawnChild(portsyncd("monitor", "--json", "--source", "simulate:2"));
  const reader = child.stdout.getReader();
  const { value } = await within("event", reader.read(), 10);
  reader.releaseLock();
  const first = JSON.parse(new TextDecoder().decode(value).split("\n")[0]!) as LinkRecord;
  expect(first).toMatchObject({ event: "new", kind: "veth", address: null });
  expect(["Ethernet0", "Ethernet4"]).toContain(first.ifname);
  child.kill("SIGTERM");
  expect(await within("end", child.exited, 10)).toBe(0);
});

test("portsyncd monitor cannot be driven by the bytes of a name", async () => {
  await using dir = new TempDir();
  const names = [
    "\x1b[2J\x1b]0;x\x07",
    "a\nb",
    "\x80\x9bc",
    "Ethernet0\r",
    "\xe2\x80\xae0tenrehtE",
    "\xff\xfe",
    'q"\\',
    "\xc3\xa4",
  ];
  const source = await writeRecording(
    dir,
    names.map((name, i) => newLink(link(i + 1, { name, kind: name }))),
  );
  const { stdout } = await runPortsyncd("monitor", "--source", source);
  expect(stdout.trimEnd().split("\n")).toHaveLength(names.length);
  expect(stdout).not.toMatch(CONTROL);
  const json = await runPortsyncd("monitor", "--json", "--source", source);
  const records = parseLines(json.stdout.trimEnd().split("\n"));
  expect(records.map(({ ifname }) => ifname)).toEqual([
    ...names.slice(0, 2),
    "/x80/x9bc",
    names[3]!,
    "\u202e0tenrehtE",
    "/xff/xfe",
    names[6]!,
    "ä",
  ]);
});

test("portsyncd monitor ends with 66 without the recording, and with 65 when it is damaged", async () => {
  await using dir = new TempDir();
  const missing = await runPortsyncd("monitor", "--source", `replay:${dir.file("none")}`);
  expect([missing.code, missing.stdout]).toEqual([66, ""]);
  expect(missing.stderr).toMatch(/^portsyncd: .*none: .*ENOENT.*\n$/);
  await Bun.write(dir.file("damaged"), newLink(link(1)).subarray(0, 30));
  const damaged = await runPortsyncd("monitor", "--source", `replay:${dir.file("damaged")}`);
  expect([damaged.code, damaged.stdout]).toEqual([65, ""]);
  expect(damaged.stderr).toMatch(/^portsyncd: .*damaged: byte 0: .*\n$/);
});

test("formatJson writes the keys in their order, null for what is absent, and all flags by their names", () => {
  const bare = link(7, { flags: 0, mtu: undefined, kind: "", name: "x" });
  expect(formatJson(bare, false, TIME)).toBe(
    '{"event":"new","ifindex":7,"ifname":"x","flags":[],"admin":"down","oper":"down","mtu":null,"master":null,' +
      '"kind":null,"address":null,"time":"2001-02-03T04:05:06.789Z"}',
  );
  const full = link(7, { flags: 0xffff_ffff, mtu: 0, master: 3, kind: "team", address: "02:00:00:00:00:01" });
  expect(JSON.parse(formatJson(full, true, TIME))).toEqual({
    event: "del",
    ifindex: 7,
    ifname: "Ethernet7",
    flags: Object.keys(IFF),
    admin: "up",
    oper: "up",
    mtu: 0,
    master: 3,
    kind: "team",
    address: "02:00:00:00:00:01",
    time: "2001-02-03T04:05:06.789Z",
  });
});

test("formatJson and formatText take oper from IFF_RUNNING, not from IFF_LOWER_UP (rule 12)", () => {
  for (const [flags, oper] of [
    [IFF.UP | IFF.LOWER_UP, "down"],
    [IFF.UP | IFF.RUNNING, "up"],
  ] as const) {
    expect(JSON.parse(formatJson(link(7, { flags }), false, TIME))).toMatchObject({ admin: "up", oper });
    expect(formatText(link(7, { flags }), false, TIME)).toContain(` admin up oper ${oper} `);
  }
});

test("formatText leaves out what is absent", () => {
  const bare = link(7, { flags: IFF.UP, mtu: undefined, kind: "" });
  expect(formatText(bare, true, TIME)).toBe("2001-02-03T04:05:06.789Z del 7: Ethernet7 admin up oper down <UP>");
  const full = link(7, { master: 3, address: "02:00:00:00:00:01" });
  expect(formatText(full, false, TIME)).toBe(
    "2001-02-03T04:05:06.789Z new 7: Ethernet7 admin up oper down mtu 1500 master 3 kind veth address 02:00:00:00:00:01 <UP>",
  );
});
