import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { formatText as formatStart } from "../../src/cli/starts.ts";
import { History, HistoryError } from "../../src/store/history.ts";
import type { Kept } from "../../src/store/kept.ts";
import type { Reply } from "../../src/store/message.ts";
import type { Transition } from "../../src/store/transition.ts";
import { Asked, limitsIn, seedsOf, transitionAt, transitionsFrom, WALL_MS } from "../store/requests.ts";
import { savedIn } from "../store/saved.ts";
import { agree, holds } from "./agreement.ts";
import { backupsIn, type Damage, damages, damageStore, SAVED, touchedBy } from "./damagedstore.ts";
import type { Property } from "./property.ts";

const NEW = transitionAt(1_000_000);
const LATER = transitionAt(1_000_001);
const MOST_SET_ASIDE = 3;

/** Keeper, with copies of a store. */
export function recoveryProperty(store: string): Property<Damage[]> {
  return { inputs: damages, check: (all) => checkRecovery(store, all), show: (all) => JSON.stringify(all) };
}

/** Whatever happened to the files of a store: it can be used at once, and holds what a good file or a good backup held. */
export function checkRecovery(store: string, all: readonly Damage[]): void {
  const directory = `${store}.damaged`;
  damageStore(store, directory, all);
  checkReader(directory);
  const touched = touchedBy(all);
  const isMixed = all.some(({ kind }) => kind === "taken from another" || kind === "exchanged");
  const [oldest, newest] = backupsIn(store) as [string, string];
  const good = [...(touched.has("oldest backup") ? [] : [oldest]), ...(touched.has("newest backup") ? [] : [newest])];
  const reply = saveIn(directory, 2, NEW);
  const saved = savedIn(directory);
  agree("what was saved last", saved.pop(), NEW);
  if (!isMixed) checkHistory(saved, reply);
  checkReply(reply, directory);
  for (const name of good) holds("a good backup stays as it is", isSame(join(store, name), join(directory, name)));
  const { recoveries } = reply;
  if (recoveries.length > 0) checkRestored(recoveries.at(-1)!.restoredFrom, good, saved, reply.facts!.kept!);
  for (const { value } of reply.facts!.kept!.keepsakes) JSON.parse(value!);
  if (!touched.has("database")) checkKept(all, recoveries.length, saved);
  checkAfterwards(directory);
}

/** Whoever reads the history of a damaged store gets it, or a HistoryError; in any case he comes to an end. */
export function checkReader(directory: string): void {
  let rows = 0;
  reading(() => {
    using history = History.open(directory);
    for (const transitions of history.read()) {
      rows += transitions.length;
      holds("the history ends", rows <= 2 * SAVED.all);
    }
  });
  reading(() => {
    using history = History.open(directory);
    for (const start of history.starts()) formatStart(start);
  });
}

function reading(read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof HistoryError)) throw error;
  }
}

/** All is as it was saved, and what is missing is what was said to be lost. */
function checkHistory(saved: readonly Transition[], { losses }: Reply): void {
  const numbers = saved.map(({ wallMs }) => wallMs - WALL_MS);
  agree(
    "the history is what was saved",
    saved,
    numbers.map((i) => transitionAt(i)),
  );
  const [count, lost] = [new Set(numbers).size, losses.reduce((sum, { transitions }) => sum + transitions, 0)];
  agree("no transition is there twice", saved.length, count);
  const missing = (numbers.at(-1) ?? -1) + 1 - count;
  const isAtEnd = losses.some(({ beforeMs }) => beforeMs === undefined);
  holds(`${missing} are missing, ${lost} are said to be lost`, isAtEnd ? lost >= missing : lost === missing);
}

function saveIn(directory: string, instance: number, transition: Transition): Reply {
  using asked = new Asked(limitsIn(directory), instance);
  return asked.save([transition]);
}

/** It was done, and every file that could not be used is told of, kept and counted. */
function checkReply({ outcome, reason, recoveries, facts }: Reply, directory: string): void {
  agree("the outcome", [outcome, reason], ["done", ""]);
  holds("one file is set aside at most", recoveries.length <= 1);
  for (const { reason: why, setAside, corruption } of recoveries) {
    holds("it is said why", why !== "");
    holds("the bad file is kept", setAside === undefined || existsSync(join(directory, setAside)));
    // A number in the header can make a file one of a newer version, which is no corruption.
    agree("what counts as corruption", corruption, !/\.version-\d+-/.test(setAside ?? ""));
  }
  const corruptions = recoveries.filter(({ corruption }) => corruption);
  holds("corruptions are counted", facts!.tally.corruptions >= corruptions.length);
  const restored = corruptions.filter(({ restoredFrom }) => restoredFrom !== undefined);
  holds("recoveries are counted", facts!.tally.recoveries >= restored.length);
}

function isSame(path: string, other: string): boolean {
  return readFileSync(path).equals(readFileSync(other));
}

/** The newest good backup was taken, or a newer one that is good enough; only without any the history begins anew. */
function checkRestored(
  from: string | undefined,
  good: readonly string[],
  saved: readonly Transition[],
  kept: Kept,
): void {
  const best = good.at(-1);
  if (best !== undefined) holds(`${best} is good, taken is ${from ?? "none"}`, from !== undefined && from >= best);
  if (from === undefined) agree("a history that begins anew", saved, []);
  if (from === undefined || !good.includes(from)) return;
  agree("the history of a good backup", saved, transitionsFrom(0, SAVED.backup));
  agree("what a good backup kept", seedsOf(kept), [1]);
}

/** A database to which nothing happened is not set aside, and what its log says counts as far as that holds together. */
function checkKept(all: readonly Damage[], recoveries: number, saved: readonly Transition[]): void {
  const ofLog = all.filter((damage) => touchedBy([damage]).has("wal"));
  // A log of another file or of another time may fit, and then says what is not so.
  if (ofLog.some(({ kind }) => kind === "taken from another" || kind === "exchanged")) return;
  agree("recoveries of a good database", recoveries, 0);
  const least = ofLog.length > 0 ? SAVED.database : SAVED.all;
  holds(`${saved.length} transitions of ${least} are left`, saved.length >= least && saved.length <= SAVED.all);
}

/** From then on it is a store as any other. */
function checkAfterwards(directory: string): void {
  using asked = new Asked(limitsIn(directory), 3);
  const saved = asked.save([LATER]);
  agree("the next start", [saved.outcome, saved.reason, saved.recoveries, saved.losses], ["done", "", [], []]);
  agree("a backup", asked.backup().outcome, "done");
  agree("the last two", savedIn(directory).slice(-2), [NEW, LATER]);
  const names = readdirSync(directory);
  holds("not too many are set aside", names.filter((name) => name.includes(".corrupt-")).length <= MOST_SET_ASIDE);
  agree(
    "nothing is left unfinished",
    names.filter((name) => /\.(new|backup)(-\w+)?$/.test(name)),
    [],
  );
}
