import { runChild } from "../test/support/child.ts";

/** Of no database that SONiC uses. */
const SPARE_DATABASE = "99";
const REQUESTS = 50_000;
const IN_A_PIPELINE = 100;

/** What Redis can do: HSETs a second of rows with four fields, one client, in a pipeline (redis-benchmark). NaN without that program. */
export async function hsetsPerSecond(socketPath: string, ports: number): Promise<number> {
  if (Bun.which("redis-benchmark") === null) return Number.NaN;
  const options = { s: socketPath, n: `${REQUESTS}`, c: "1", P: `${IN_A_PIPELINE}`, r: `${ports}` };
  const row = "PORT_TABLE|Ethernet__rand_int__ state ok netdev_oper_status up admin_status up mtu 9100".split(" ");
  const words = Object.entries(options).flatMap(([name, value]) => [`-${name}`, value]);
  const csv = await runChild(["redis-benchmark", ...words, "--dbnum", SPARE_DATABASE, "--csv", "HSET", ...row]);
  // "test","rps",... and one line with the numbers between quotes; the command's name may hold commas, the numbers do not.
  return Number(/,"([\d.]+)"/.exec(csv.trim().split("\n").at(-1)!)?.[1]);
}
