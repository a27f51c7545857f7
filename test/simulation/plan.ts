import { FIELDS, LAG, NAMES, PORTS, STRAY, SUBINTERFACE, TEAM } from "./names.ts";
import { OPERATIONS } from "./operations.ts";
import { Random } from "./random.ts";
import type { Operation, Plan, Settings } from "./scenario.ts";

const SOLE: Settings["layout"] = [0, 0, 0];
const LAYOUTS: readonly Settings["layout"][] = [SOLE, SOLE, [1, 0, 0], [0, 1, 2]];

/** The plan of a seed. */
export function makePlan(seed: number): Plan {
  const random = new Random(seed, "plan");
  const settings = makeSettings(random);
  return { seed, settings, operations: makeOperations(random, settings.audited) };
}

function makeSettings(random: Random): Settings {
  const audited = random.chance(0.3);
  const running = random.chance(0.5);
  return {
    audited,
    auditMs: audited ? random.between(1000, 6000) : 1e12,
    restart: random.chance(0.3) ? "adopt" : "contract",
    mode: random.chance(0.06) ? "standalone" : "sonic",
    switchType: random.chance(0.1) ? "dpu" : "ToRRouter",
    warm: random.chance(0.35),
    layout: random.pick(LAYOUTS),
    notifies: random.chance(0.85),
    tellsConfig: random.chance(0.95),
    room: random.pick([2, 4, 8, 32, 1000]),
    chunk: random.pick([1, 1, 2, 3, 20]),
    dumpsByPosition: random.chance(0.5),
    budget: random.pick([1, 2, 5, 64]),
    eoiuMs: random.pick([1500, 4000, 10_000]),
    answerMs: random.pick([300, 1000, 2000]),
    popMs: random.pick([1, 20, 300, 1500]),
    ports: random.some(PORTS, 0.9),
    netdevs: random.some([...PORTS, TEAM, LAG, "eth0", SUBINTERFACE], running ? 0.85 : 0.2),
    rows: running ? random.some([...PORTS, TEAM, LAG], 0.9) : random.some(PORTS, 0.1),
    published: running ? random.some([...PORTS, LAG, SUBINTERFACE, STRAY], 0.5) : [],
    extraNetdevs: random.chance(0.02) ? 80 : 0,
    creates: random.chance(0.7),
  };
}

function makeOperations(random: Random, audited: boolean): Operation[] {
  const kinds: string[] = [];
  for (const [kind, { weight, onlyAudited }] of Object.entries(OPERATIONS)) {
    if (!onlyAudited || audited) for (let i = 0; i < weight; i++) kinds.push(kind);
  }
  // Few kinds in one run meet each other more often than all of them.
  const chosen = random.chance(0.6) ? Array.from({ length: 6 }, () => random.pick(kinds)) : kinds;
  const count = random.pick([4, 10, 20, 40, 60]);
  const operations: Operation[] = [];
  let name: string = random.pick(NAMES);
  for (let i = 0, atMs = random.between(0, 60); i < count; i++, atMs += gap(random)) {
    const kind = random.chance(0.15) ? random.pick(kinds) : random.pick(chosen);
    const { others } = OPERATIONS[kind]!;
    if (random.chance(0.5)) name = random.pick(NAMES); // what happens to one name meets more often
    const other = others ? random.pick(others) : random.chance(0.3) ? random.pick(FIELDS) : random.pick(NAMES);
    operations.push({ atMs: Math.round(atMs * 1000) / 1000, kind, name, other, value: random.below(1e6) });
  }
  return operations;
}

/** The time to the next operation: mostly they come in bursts. */
function gap(random: Random): number {
  const kind = random.next();
  if (kind < 0.6) return random.between(0, 0.5);
  if (kind < 0.85) return random.between(0, 20);
  return kind < 0.97 ? random.between(0, 400) : random.between(0, 3000);
}
