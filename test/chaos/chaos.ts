import { WRITERS } from "../../src/swss/database.ts";
import { formatPercentiles } from "../faults/percentiles.ts";
import { Random } from "../simulation/random.ts";
import { waitUntil } from "../support/deadline.ts";
import { Nemesis } from "./nemesis.ts";
import { World } from "./world.ts";

/** What a run of chaos is asked for. */
export interface ChaosOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly ports: number;
  /** The daemon begins with the first, and changes among them; default: both. */
  readonly writers?: World["writers"];
  /** Told after each round. */
  readonly onRound?: (report: ChaosReport) => void;
}

/** What came of a run so far; times in milliseconds. */
export interface ChaosReport {
  readonly seed: number;
  rounds: number;
  operations: number;
  readonly faults: ReadonlyMap<string, number>;
  /** From when everything was healed until STATE_DB was right. */
  readonly recoveryMs: number[];
  readonly calmMs: readonly number[];
  readonly disturbedMs: readonly number[];
}

/** After so long a STATE_DB that is wrong counts as wrong for ever. */
const SECONDS_TO_RECOVER = 20;
const MOST_RSS_KIB = 256 * 1024;
const MOST_OPEN_FILES = 100;

/** Disturbs a switch in rounds until the time is up, and compares STATE_DB with the kernel after each. Throws with the seed and the operations. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seed, seconds, ports, writers = WRITERS, onRound } = options;
  await using world = await World.open(ports, writers);
  const operations: string[] = [];
  const startMs = performance.now();
  const at = () => `${((performance.now() - startMs) / 1000).toFixed(3).padStart(9)} s`;
  const nemesis = new Nemesis(world, new Random(seed, "nemesis"), (operation) =>
    operations.push(`${at()} ${operation}`),
  );
  const { staleness } = world.staleness;
  const report: ChaosReport = {
    seed,
    rounds: 0,
    operations: 0,
    faults: nemesis.counts,
    recoveryMs: [],
    calmMs: staleness.calm,
    disturbedMs: staleness.disturbed,
  };
  for (; performance.now() - startMs < seconds * 1000; report.rounds++) {
    operations.length = 0;
    try {
      await nemesis.round();
      report.recoveryMs.push(await recover(world));
    } catch (error) {
      throw new Error(explain(report, operations, world, error as Error), { cause: error });
    }
    report.operations += operations.length;
    onRound?.(report);
  }
  return report;
}

/** Waits until STATE_DB says what `ip -j link` says of each port; returns how long that took. */
async function recover(world: World): Promise<number> {
  const { box, ports, staleness } = world;
  const startMs = performance.now();
  let last: string[] = [];
  const probe = async () => {
    await world.tendDaemon();
    last = await box.differences(ports);
    return last.length === 0;
  };
  const seen = () => `${last.length} of ${ports.length} ports differ\n${last.join("\n")}`;
  await waitUntil("STATE_DB equal to the kernel", probe, { seconds: SECONDS_TO_RECOVER, everyMs: 5, seen });
  const tookMs = performance.now() - startMs;
  await waitUntil("observer that agrees", () => staleness.wrong.length === 0, { seen: () => staleness.wrong });
  staleness.calm();
  const { rssKib, openFiles } = world.daemon.usage();
  if (rssKib > MOST_RSS_KIB) throw new Error(`the daemon has grown to ${rssKib} KiB`);
  if (openFiles > MOST_OPEN_FILES) throw new Error(`the daemon has ${openFiles} open files`);
  return tookMs;
}

function explain({ seed, rounds }: ChaosReport, operations: readonly string[], world: World, error: Error): string {
  const lines = world.daemon.lines.slice(-30);
  return [
    `round ${rounds} of seed ${seed}: ${error.message}`,
    `Done in this round:\n${operations.join("\n")}`,
    `The daemon's last lines:\n${lines.join("\n")}`,
    `Again: bun test/chaos/run.ts --seed ${seed} --ports ${world.ports.length}`,
  ].join("\n\n");
}

/** What came of a run, in lines. */
export function formatReport({
  seed,
  rounds,
  operations,
  faults,
  recoveryMs,
  calmMs,
  disturbedMs,
}: ChaosReport): string {
  const counts = [...faults]
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `  ${`${count}`.padStart(6)}  ${name}`);
  return [
    `seed ${seed}: ${rounds} rounds, ${operations} operations, every port right after each round`,
    `right again after everything was healed: ${formatPercentiles(recoveryMs)}`,
    `a port was wrong while all was well:     ${formatPercentiles(calmMs)}`,
    `a port was wrong because of a fault:     ${formatPercentiles(disturbedMs)}`,
    ...counts,
  ].join("\n");
}
