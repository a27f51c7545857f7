import { expect } from "bun:test";

import { waitUntil } from "../support/deadline.ts";
import { testWith } from "../support/testwith.ts";
import { canServe, ServedSwitch } from "./servedswitch.ts";

// Names beyond ASCII, on the kernel: an operator reads and types them the same everywhere.

const FLAPS = 6;
/** How each is shown, by its bytes. */
const SHOWN = new Map([
  ["EthernetM\xc3\xa4rz", "EthernetMärz"],
  ["EthernetM\xe4rz", "EthernetM/xe4rz"],
]);

/** Makes the netdevs and has them flap. */
function makeAndFlap(): string[] {
  const octal = [...SHOWN.keys()].map((name) =>
    [...name].map((byte) => `\\${byte.charCodeAt(0).toString(8).padStart(3, "0")}`).join(""),
  );
  const flap = `for i in ${"x ".repeat(FLAPS)}; do ip link set dev "$n" down; ip link set dev "$n" up; done`;
  const lines = octal.map((text) => `n=$(printf '${text}'); ip link add dev "$n" type ifb; ip link set dev "$n" up`);
  const flaps = octal.map((text) => `n=$(printf '${text}'); ${flap}`);
  return [lines.join("\n"), flaps.join("\n")];
}

testWith(
  canServe,
  "A port is shown and asked for under the same name everywhere, be its name UTF-8 or not",
  async () => {
    await using bed = await ServedSwitch.open();
    const daemon = await bed.standalone(["Ethernet0"], { standalone: { port_patterns: ["Ethernet*"] } });
    const shown = [...SHOWN.values()];
    const [make, flap] = makeAndFlap();
    const run = (script: string) => bed.box.namespace.run(["sh", "-ec", script]);
    const json = async (path: string) => JSON.parse((await bed.admin(`/api/v1/${path}`)).body) as object;
    await run(make!);
    const portOf = (name: string) => json(`ports/${encodeURIComponent(name)}`) as Promise<{ flaps_total?: number }>;
    for (const name of shown) {
      await waitUntil(name, async () => Bun.deepMatch({ name, in_sync: true, oper: "up" }, await portOf(name)));
      await daemon.waitForLog(new RegExp(`"?${name}"?: "?state:?ok|${name}.*up`));
    }
    await run(flap!);
    for (const name of shown)
      await waitUntil(`flaps of ${name}`, async () => (await portOf(name)).flaps_total === FLAPS);
    expect((await json("ports")) as object).toMatchObject({
      ports: expect.arrayContaining(shown.map((name) => expect.objectContaining({ name }))),
    });

    const stdout = async (...args: string[]) => {
      const { code, stdout: text, stderr } = await bed.command(...args);
      expect([args, code, stderr]).toEqual([args, 0, ""]);
      return text;
    };
    const rowsOf = async (command: string) =>
      (await bed.command(command, "--json")).stdout
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as { port?: string; rule?: string; state?: string });
    const portsOf = async (command: string) => {
      const names = (await rowsOf(command)).flatMap(({ port }) => port ?? []);
      return [...new Set(names)].filter((name) => name !== "Ethernet0").sort();
    };
    for (const command of ["history", "alerts", "trends"])
      await waitUntil(command, async () => Bun.deepEquals(await portsOf(command), shown.toSorted()), {
        seconds: 30,
        everyMs: 300,
        seen: () => portsOf(command),
      });
    for (const name of shown) {
      const own = (await stdout("history", name, "--json")).trimEnd().split("\n");
      expect(own.length).toBeGreaterThan(0);
      for (const line of own) expect(JSON.parse(line)).toMatchObject({ port: name });
      expect(await json(`history?port=${encodeURIComponent(name)}&limit=1`)).toMatchObject({
        transitions: [{ port: name }],
      });
      await stdout("silence", "port_flapping", "--port", name, "--for", "1h", "--reason", "known");
    }
    const stateOf = async () => (await rowsOf("alerts")).map(({ port, state }) => [port, state]);
    await waitUntil(
      "silence of both",
      async () =>
        Bun.deepEquals(
          new Map((await stateOf()) as [string, string][]),
          new Map(shown.map((name) => [name, "suppressed"])),
        ),
      { seconds: 30, everyMs: 300, seen: stateOf },
    );
    const { body } = await bed.client.get("/metrics");
    for (const name of shown) expect(body).toContain(`portsyncd_port_flaps_total{port="${name}"} ${FLAPS}`);
  },
  90,
);
