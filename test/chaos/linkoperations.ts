import type { Random } from "../simulation/random.ts";
import type { LinkNotice } from "../support/linkmessage.ts";
import type { LinkFleet } from "./linkfleet.ts";

/** Changes links in some way and says how; undefined when that is not possible now. */
type LinkOperation = (fleet: LinkFleet, random: Random) => Promise<string | undefined>;

const LEAST_MTU = 1280;
const MTUS = 4000;

function someLink(fleet: LinkFleet, random: Random): LinkNotice | undefined {
  const links = [...fleet.here().values()];
  return links.length > 0 ? random.pick(links) : undefined;
}

async function flap(fleet: LinkFleet, random: Random): Promise<string | undefined> {
  const link = someLink(fleet, random);
  if (!link) return undefined;
  const times = 1 + random.below(7);
  fleet.flap(link, times);
  return `flap ${link.ifname} ${times} times`;
}

async function carrier(fleet: LinkFleet, random: Random): Promise<string | undefined> {
  const links = random.some([...fleet.here().values()], 0.3);
  const on = random.chance(0.5);
  for (const link of links) fleet.carrier(link, on);
  return `carrier ${on ? "on" : "off"} for ${links.length} ports`;
}

async function flood(fleet: LinkFleet, random: Random): Promise<string | undefined> {
  const links = [...fleet.here().values()];
  const rounds = random.chance(0.2) ? 100 + random.below(400) : 1 + random.below(20);
  const mtu = LEAST_MTU + random.below(MTUS);
  fleet.flood(links, rounds, mtu);
  return `flood of ${rounds * links.length} changes`;
}

async function remove(fleet: LinkFleet, random: Random): Promise<string | undefined> {
  const names = [...fleet.here().keys()];
  if (names.length < fleet.ports.length / 2) return undefined;
  const name = random.pick(names);
  await fleet.delete(name);
  return `delete ${name}`;
}

async function create(fleet: LinkFleet, random: Random): Promise<string | undefined> {
  const names = random.some(fleet.missing(), 0.5);
  if (names.length === 0) return undefined;
  await fleet.create(names);
  return `create ${names.join(" ")}`;
}

async function recreate(fleet: LinkFleet, random: Random): Promise<string | undefined> {
  const link = someLink(fleet, random);
  if (!link) return undefined;
  const again = random.chance(0.5);
  const missing = fleet.missing();
  const name = missing.length > 0 && random.chance(0.5) ? random.pick(missing) : link.ifname;
  await fleet.delete(link.ifname);
  await fleet.create([name], again ? link.ifindex : undefined);
  return `delete ${link.ifname}, create ${name}${again ? ` as ${link.ifindex}` : ""}`;
}

async function swap(fleet: LinkFleet, random: Random): Promise<string | undefined> {
  const names = [...fleet.here().keys()];
  const [a, b] = [random.pick(names), random.pick(names)];
  if (a === b) return undefined;
  await fleet.swap(a, b);
  return `swap ${a} ${b}`;
}

async function rename(fleet: LinkFleet, random: Random): Promise<string | undefined> {
  const link = someLink(fleet, random);
  const missing = fleet.missing();
  if (!link || missing.length === 0) return undefined;
  const to = random.pick(missing);
  await fleet.rename(link.ifname, to);
  return `rename ${link.ifname} to ${to}`;
}

async function bridge(fleet: LinkFleet, random: Random): Promise<string | undefined> {
  const link = someLink(fleet, random);
  if (!link) return undefined;
  const joins = random.chance(0.5);
  await fleet.bridge(link.ifname, joins);
  return `${link.ifname} ${joins ? "joins" : "leaves"} the bridge`;
}

async function move(fleet: LinkFleet, random: Random): Promise<string | undefined> {
  if (random.chance(0.5)) {
    await fleet.bringBack();
    return "those in the other namespace come back";
  }
  const link = someLink(fleet, random);
  if (!link) return undefined;
  await fleet.sendAway(link.ifname);
  return `${link.ifname} goes to another namespace`;
}

const OPERATIONS: readonly LinkOperation[] = [
  flap,
  flap,
  flap,
  carrier,
  carrier,
  flood,
  flood,
  flood,
  remove,
  create,
  recreate,
  recreate,
  swap,
  rename,
  bridge,
  bridge,
  move,
];

/** Does one thing to the links and says what. */
export async function disturbLinks(fleet: LinkFleet, random: Random): Promise<string> {
  return (await random.pick(OPERATIONS)(fleet, random)) ?? "nothing";
}
