import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { isSwitchPort, LinkSync } from "../../src/port/linksync.ts";
import type { PortState } from "../../src/port/state.ts";
import { SinkRecord } from "./sinkrecord.ts";

const NAMES = ["Ethernet0", "Ethernet4", "PortChannel1", "eth0"] as const;

type Step =
  | {
      readonly kind: "new";
      readonly ifindex: number;
      readonly name: string;
      readonly flags: number;
      readonly mtu: number;
      readonly team: boolean;
    }
  | { readonly kind: "del"; readonly ifindex: number }
  | { readonly kind: "admit"; readonly name: string }
  | { readonly kind: "revoke"; readonly name: string }
  | { readonly kind: "end of start" };

const name = fc.constantFrom(...NAMES);
const ifindex = fc.integer({ min: 1, max: 5 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("new" as const),
        ifindex,
        name,
        flags: fc.constantFrom(0, 1, 0x41),
        mtu: fc.constantFrom(1500, 9100),
        team: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("del" as const), ifindex }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("admit" as const), name }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("revoke" as const), name }) },
    { weight: 1, arbitrary: fc.constant({ kind: "end of start" as const }) },
  ),
  { maxLength: 60, size: "max" },
);

interface Netdev {
  readonly name: string;
  readonly state: PortState;
  readonly old: boolean;
}

/** The rules said naively: after every step the rows are worked out anew from all that is known. */
class Model {
  readonly netdevs = new Map<number, Netdev>();
  readonly admitted = new Set<string>();
  rows = new Map<string, { ifindex: number; state: PortState }>();
  starting: boolean;

  constructor(ignoreOld: boolean) {
    this.starting = ignoreOld;
  }

  /** False for a step that a kernel cannot take: two netdevs of one name, the end of what is not there. */
  takes(step: Step): boolean {
    if (step.kind === "del") return this.netdevs.has(step.ifindex);
    if (step.kind !== "new") return true;
    return ![...this.netdevs].some(([other, { name }]) => name === step.name && other !== step.ifindex);
  }

  take(step: Step): void {
    if (step.kind === "end of start") this.starting = false;
    else if (step.kind === "admit") this.admitted.add(step.name);
    else if (step.kind === "revoke") this.admitted.delete(step.name);
    else if (step.kind === "del") this.netdevs.delete(step.ifindex);
    else {
      const old = this.netdevs.get(step.ifindex)?.old || (this.starting && step.name.startsWith("Ethernet"));
      const state = { admin: (step.flags & 1) !== 0, oper: (step.flags & 0x40) !== 0, mtu: step.mtu };
      this.netdevs.set(step.ifindex, { name: step.name, state, old });
    }
    this.#workOut();
  }

  #workOut(): void {
    const isPort = ({ name, old }: Netdev) => !old && name !== "eth0";
    const kept = [...this.rows].filter(([name, { ifindex }]) => {
      const netdev = this.netdevs.get(ifindex);
      return netdev !== undefined && isPort(netdev) && netdev.name === name;
    });
    this.rows = new Map(kept);
    for (const [ifindex, netdev] of this.netdevs) {
      if (isPort(netdev) && this.admitted.has(netdev.name))
        this.rows.set(netdev.name, { ifindex, state: netdev.state });
    }
  }
}

test("LinkSync says after any events what a naive reading of the rules says (rules 8c, 11 to 20)", () => {
  let compared = 0;
  fc.assert(
    fc.property(fc.boolean(), steps, (ignoreOld, taken) => {
      const model = new Model(ignoreOld);
      const sink = new SinkRecord();
      const isAdmitted = (name: string) => model.admitted.has(name);
      const sync = new LinkSync({ isPort: isSwitchPort, isAdmitted, ignoreOld }, sink);
      for (const step of taken) {
        if (!model.takes(step)) continue;
        // The kind of a netdev never changes, so a LAG's master is one that neither side knows.
        const isTeam = step.kind === "new" && step.team && !model.netdevs.has(step.ifindex);
        if (!isTeam) model.take(step);
        if (step.kind === "new") {
          const { ifindex, name, flags, mtu } = step;
          const link = { ifindex, name, flags, mtu, family: 0, master: 0, kind: isTeam ? "team" : "", address: "" };
          if (!isTeam || !model.starting) sync.onLink({ kind: "new", link, cause: "event" });
        } else if (step.kind === "del") {
          const link = {
            ifindex: step.ifindex,
            name: "",
            flags: 0,
            mtu: 0,
            family: 0,
            master: 0,
            kind: "",
            address: "",
          };
          sync.onLink({ kind: "del", link, cause: "event" });
        } else if (step.kind === "end of start") sync.endStartup();
        else sync[step.kind](step.name);
        const wanted = new Map([...model.rows].map(([name, { state }]) => [name, state]));
        expect(sink.rows).toEqual(wanted);
        compared++;
      }
    }),
    { numRuns: 1000 },
  );
  expect(compared).toBeGreaterThan(10_000);
});
