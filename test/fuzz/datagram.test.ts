import { describe, expect, test } from "bun:test";
import { join } from "node:path";

import { checkDecoding, checkDump, checkIntake, checkMonitor } from "./datagramchecks.ts";
import { bytesOf, CORPUS } from "./datagramcorpus.ts";
import { decodingProperty, dumpProperty, intakeProperty, monitorProperty } from "./datagramfuzz.ts";
import { readDatagram, type Said } from "./datagramreader.ts";
import { expectProperty } from "./property.ts";

/** What a message says, as the corpus has it: what is 0, empty or absent is left out. */
function formatSaid(said: Said): string {
  if ("reason" in said) return `${said.what} ${said.reason}`;
  if (!("link" in said)) return said.what;
  const { ifindex, name, mtu, master, kind, address } = said.link;
  const rest = Object.entries({ mtu, master: master || undefined, kind, address }).filter(
    ([, value]) => value ?? "" !== "",
  );
  return [said.what, ifindex, name, ...rest.flat()].join(" ");
}

describe("the corpus", () => {
  for (const { name, hex, says } of CORPUS)
    test(`decodeLink, LinkIntake, LinkMonitor and dumpLinks take ${name}`, async () => {
      const datagram = bytesOf(hex);
      expect(readDatagram(datagram).map(formatSaid)).toEqual([...says]);
      checkDecoding(datagram);
      checkIntake([datagram]);
      await checkMonitor([datagram]);
      await checkDump([datagram]);
    });
});

test("walkMessages and decodeLink say of odd datagrams what a plain reader says, and look at nothing else", async () => {
  await expectProperty(decodingProperty, 4000);
}, 30_000);

test("LinkIntake tells and counts odd datagrams as a plain reader does, whatever came before them", async () => {
  await expectProperty(intakeProperty, 1000);
}, 30_000);

test("LinkMonitor knows the links again after odd datagrams and an audit, and never keeps more than it was told of", async () => {
  await expectProperty(monitorProperty, 300);
}, 30_000);

test("dumpLinks ends with links or an error of its own when it is answered with odd datagrams", async () => {
  await expectProperty(dumpProperty, 500);
}, 30_000);

test("decodeLink and the walkers have no code that the corpus and a second of odd datagrams do not reach", () => {
  const command = [process.execPath, join(import.meta.dir, "run.ts"), "guided", "--seconds", "1", "--seed", "1"];
  const { stdout, exitCode } = Bun.spawnSync(command);
  const said = stdout.toString();
  expect({ exitCode, said }).toEqual({
    exitCode: 0,
    said: expect.stringMatching(/^\d+ inputs, .* all code reached$/m),
  });
});
