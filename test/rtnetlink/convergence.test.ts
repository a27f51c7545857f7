import { expect, test } from "bun:test";

import * as fc from "fast-check";

import type { Link } from "../../src/rtnetlink/link.ts";
import { type LinkEvent, LinkMonitor } from "../../src/rtnetlink/monitor.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { RacyKernel } from "./racykernel.ts";

/** Longer than all dumps, pauses and timeouts that may follow the last change. */
const LONG_MS = 60_000;

interface World {
  readonly kernel: RacyKernel;
  readonly clock: FakeClock;
  names: number;
}

/** Something that happens; `pick` chooses a link. */
type Step = (world: World, pick: number) => void | Promise<void>;

function chosen({ kernel }: World, pick: number): number | undefined {
  const { links } = kernel;
  return links[pick % links.length]?.ifindex;
}

/** A step that needs a link, and does nothing where there is none. */
function withLink(step: (kernel: RacyKernel, ifindex: number, world: World, pick: number) => void): Step {
  return (world, pick) => {
    const ifindex = chosen(world, pick);
    if (ifindex !== undefined) step(world.kernel, ifindex, world, pick);
  };
}

const STEPS: Readonly<Record<string, Step>> = {
  add: (world) => void world.kernel.add(`Ethernet${world.names++}`),
  delete: withLink((kernel, ifindex) => kernel.delete(ifindex)),
  flags: withLink((kernel, ifindex, _, pick) => kernel.change(ifindex, { flags: pick & 0x11043 })),
  mtu: withLink((kernel, ifindex, _, pick) => kernel.change(ifindex, { mtu: 68 + (pick % 9148) })),
  rename: withLink((kernel, ifindex, world) => kernel.change(ifindex, { name: `Ethernet${world.names++}` })),
  join: withLink((kernel, ifindex, world, pick) => {
    const master = chosen(world, pick >> 4)!;
    if (master === ifindex) return;
    kernel.change(ifindex, { master });
    kernel.bridgeSpeaks(ifindex);
  }),
  leave: withLink((kernel, ifindex) => kernel.leave(ifindex)),
  speak: withLink((kernel, ifindex) => kernel.bridgeSpeaks(ifindex)),
  ring: ({ kernel }) => kernel.ring(),
  turn: ({ clock }) => clock.turn(),
  settle: ({ clock }) => clock.settle(),
  wait: ({ clock }) => clock.run(2),
  pause: ({ clock }) => clock.run(50),
};

const step = fc.record({ name: fc.constantFrom(...Object.keys(STEPS)), pick: fc.nat(0xffff) });
const scenario = fc.record({
  room: fc.integer({ min: 1, max: 6 }),
  datagrams: fc.integer({ min: 1, max: 4 }),
  before: fc.nat(4),
  /** Whether a dump has its next part, at each look in turn. */
  ready: fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }).filter((looks) => looks.includes(true)),
  steps: fc.array(step, { maxLength: 60 }),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

/** What is true of a link whichever message told of it. */
function lasting({ ifindex, name, flags, mtu, master, kind }: Omit<Link, "address">) {
  return { ifindex, name, flags, mtu, master, kind };
}

/** What the events told, put together as an observer would. */
function replay(events: readonly LinkEvent[]): Map<number, string> {
  const names = new Map<number, string>();
  for (const { kind, link } of events) {
    if (kind === "new") names.set(link.ifindex, link.name);
    else names.delete(link.ifindex);
  }
  return names;
}

async function run({ room, datagrams, before, ready, steps }: Scenario): Promise<void> {
  let look = 0;
  const world: World = {
    kernel: new RacyKernel(room, () => ready[look++ % ready.length]!),
    clock: new FakeClock(),
    names: 0,
  };
  const { kernel, clock } = world;
  for (let i = 0; i < before; i++) kernel.add(`Ethernet${world.names++}`);
  const events: LinkEvent[] = [];
  const options = { receiveBufferBytes: 1, budget: { datagrams, ms: 1000 } };
  const observer = { onLink: (event: LinkEvent) => void events.push(event), onPublish: () => {} };
  const monitor = new LinkMonitor(kernel, clock, options, observer);
  const synchronized = monitor.synchronize();
  for (const { name, pick } of steps) await STEPS[name]!(world, pick);
  kernel.ring();
  await clock.run(LONG_MS);
  await synchronized;
  const known = Array.from(monitor.links.values(), lasting);
  const real = kernel.links.map(lasting);
  expect(known.sort((a, b) => a.ifindex - b.ifindex)).toEqual(real);
  expect(replay(events)).toEqual(new Map(real.map(({ ifindex, name }) => [ifindex, name])));
}

test("LinkMonitor knows in the end what the kernel knows, whatever is lost and however dumps and events interleave", async () => {
  await fc.assert(fc.asyncProperty(scenario, run), { numRuns: 1000 });
}, 60_000);
