import { afterAll, expect } from "bun:test";

import { Namespace } from "../support/namespace.ts";
import { canUseFaultBed, FaultBed } from "./faultbed.ts";
import { RecoveryTimes } from "./recoverytimes.ts";
import { testTogether } from "./together.ts";

const times = new RecoveryTimes("Netdevs that change their identity");
afterAll(() => times.print());

/** What befalls the first ports, and what readers of STATE_DB must see of it. */
interface Scenario {
  readonly name: string;
  readonly change: (bed: FaultBed, elsewhere: Namespace) => Promise<void>;
  /** Ports whose DEL must be seen, also when the messages of it were lost. */
  readonly deleted: readonly string[];
  /** Ports of which no DEL may be seen. */
  readonly kept?: readonly string[];
}

const [A, B, C] = ["Ethernet0", "Ethernet4", "Ethernet8"] as const;
const ADD_A = `link add ${A} mtu 2000 type veth peer name p0`;

const SCENARIOS: readonly Scenario[] = [
  {
    name: "is deleted and created again",
    change: ({ box }) => box.links.batch([`link del ${A}`, ADD_A]),
    deleted: [A],
  },
  {
    name: "is created again with the ifindex it had",
    change: async ({ box, requests }) => {
      const { ifindex } = requests.dump().get(A)!;
      await box.links.batch([`link del ${A}`, ADD_A.replace(A, `${A} index ${ifindex}`)]);
    },
    deleted: [],
  },
  {
    name: "is created with the ifindex of another that is gone",
    change: async ({ box, requests }) => {
      const { ifindex } = requests.dump().get(B)!;
      await box.links.batch([`link del ${A}`, `link del ${B}`, ADD_A.replace(A, `${A} index ${ifindex}`)]);
    },
    deleted: [A, B],
  },
  {
    name: "swaps its name with another",
    change: ({ box }) =>
      box.links.batch([`link set ${A} name other`, `link set ${B} name ${A}`, `link set other name ${B}`]),
    deleted: [A, B],
  },
  {
    name: "passes its name on in a chain",
    change: ({ box }) =>
      box.links.batch([`link set ${A} name other`, `link set ${B} name ${A}`, `link set ${C} name ${B}`]),
    deleted: [A, B, C],
  },
  {
    name: "is renamed and renamed back",
    change: ({ box }) => box.links.batch([`link set ${A} name other`, `link set other name ${A}`]),
    deleted: [],
  },
  {
    name: "moves to another namespace",
    change: ({ box }, elsewhere) => box.links.move(A, elsewhere),
    deleted: [A],
  },
  {
    name: "moves to another namespace and back",
    change: async ({ box }, elsewhere) => {
      await box.links.move(A, elsewhere);
      await elsewhere.run(["ip", "link", "set", A, "netns", box.namespace.path]);
    },
    deleted: [],
  },
  {
    name: "joins a bridge and leaves it",
    change: async ({ box }) => {
      await box.links.addBridge("bridge");
      await box.links.batch([`link set ${A} master bridge`, `link set ${B} master bridge`, `link set ${B} nomaster`]);
    },
    deleted: [],
    kept: [A, B],
  },
];

/** The events of a port in the order of Redis, each run of HSETs as one. */
function history(events: readonly { readonly key: string; readonly event: string }[], port: string): string {
  const own = events.filter(({ key }) => key === `PORT_TABLE|${port}`).map(({ event }) => event);
  return own.join(" ").replace(/hset( hset)+/g, "hset");
}

async function play(scenario: Scenario, lose: boolean): Promise<void> {
  await using elsewhere = await Namespace.open();
  await using bed = await FaultBed.open({ config: lose ? { netlink: { receive_buffer_bytes: 4096 } } : {} });
  for (const [i, port] of bed.ports.entries()) await bed.box.links.mtu(5000 + i, port);
  await bed.equal();
  const recorder = await bed.box.db.record("STATE_DB", "PORT_TABLE|*");
  if (lose) {
    await bed.daemon.freeze();
    bed.scramble(20);
    expect(bed.drops()).toBeGreaterThan(0);
  }
  await scenario.change(bed, elsewhere);
  const startMs = performance.now();
  if (lose) bed.daemon.thaw();
  const ms = await bed.recovered(startMs);
  times.add(`a port ${scenario.name}${lose ? ", unnoticed" : ""}`, ms);
  await bed.readAll();
  await bed.equal();
  await recorder.sync();
  const links = bed.requests.dump();
  for (const port of scenario.deleted) {
    expect(`${port} ${history(recorder.events, port)}`).toMatch(links.has(port) ? /\bdel hset$/ : /\bdel$/);
  }
  for (const port of [...bed.ports.slice(3), ...(scenario.kept ?? [])]) {
    expect(`${port} ${history(recorder.events, port)}`).not.toContain("del");
  }
}

for (const scenario of SCENARIOS) {
  testTogether(canUseFaultBed, `Reconciler follows a port that ${scenario.name}`, () => play(scenario, false));
}

for (const scenario of SCENARIOS) {
  testTogether(
    canUseFaultBed,
    `Reconciler finds that a port ${scenario.name} though the messages of it were lost`,
    () => play(scenario, true),
  );
}
