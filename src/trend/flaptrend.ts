import { chanceOfRise, chanceOfShare, falseDiscoveryLimit, laplaceTrend } from "./eventrate.ts";
import { type Episode, FLAP_WINDOW_MS, type FlapLog, MOST_EPISODES } from "./flaplog.ts";

const DAY_MS = 24 * 3_600_000;
/** Of the ports that are called worse, on average at most this part are not. */
export const FALSE_PORTS = 0.05;
/** Fewer episodes are no pattern. */
export const LEAST_EPISODES = 3;
/** When so many ports, more than one optic has lanes, begin to flap at the same time, it was not an optic. */
export const SHARED_PORTS = 9;
/** What is the same time for that: interfaces of a peer that restarts go down one after the other. */
export const SHARED_WITHIN_MS = 10_000;

/** What is to be thought of a port, the worst first. */
export const FLAP_VERDICTS = ["dying", "flapping", "rising", "usual"] as const;

/** One of the verdicts. */
export type FlapVerdict = (typeof FLAP_VERDICTS)[number];

/** How a port flaps. */
export interface PortFlaps {
  readonly port: string;
  /** Dying: more often than the other ports, and ever more often; flapping: the former; rising: the latter. */
  readonly verdict: FlapVerdict;
  /**
   * Episodes that began in the last 24 hours, shared ones not counted: by these, ports of the same verdict are ordered.
   */
  readonly lastDay: number;
  /** Episodes a day in the days before. */
  readonly perDayBefore: number;
  /** Flaps and episodes in the window; of these episodes those that many ports had at the same time. */
  readonly flaps: number;
  readonly episodes: number;
  readonly shared: number;
  /** How sure it is, were this the only port, that they come ever more often, and more often than at others: 0 to 1. */
  readonly risingConfidence: number;
  readonly worseConfidence: number;
}

/** A port's episodes, when those began that are its own, and the chances of both of its failings. */
interface Judged {
  readonly port: string;
  readonly episodes: readonly Episode[];
  readonly times: readonly number[];
  /** Undefined for too few episodes. */
  readonly rising: number | undefined;
  readonly worse: number;
}

/**
 * Which ports flap, the one most in need of a look first. Episodes are compared, not flaps: a port that goes up and
 * down fifty times in one incident had one. Those that many ports had at once, as when the peer restarts, blame no
 * port. Whether the rest come ever more often is told by Laplace's test over the window, whether they are more than
 * other ports have by the port's share of all; of the ports picked by either no more than FALSE_PORTS are picked by
 * chance, on average. `ports` is how many there are, flapping or not. Takes about n * log n steps for n episodes.
 */
export function rankPorts(log: FlapLog, nowMs: number, ports: number): PortFlaps[] {
  const recent = log.recent(nowMs);
  const fromMs = Math.max(log.sinceMs, nowMs - FLAP_WINDOW_MS);
  const isShared = sharedEpisodes([...recent.values()].flat());
  const own = [...recent].map(([port, episodes]) => ({ port, episodes, times: timesOf(episodes, isShared) }));
  const all = own.reduce((sum, { times }) => sum + times.length, 0);
  const members = Math.max(ports, own.length);
  const judged = own.map(({ port, episodes, times }): Judged => {
    const worse = times.length < LEAST_EPISODES ? 1 : chanceOfShare(times.length, all, members);
    return { port, episodes, times, rising: risingChance(times, episodes.length, fromMs, nowMs), worse };
  });
  // When episodes come says nothing of how many there are: only ports with enough of them were tried for a rise.
  const rises = judged.flatMap(({ rising }) => rising ?? []);
  const risingLimit = falseDiscoveryLimit(rises, FALSE_PORTS);
  const shares = judged.map(({ worse }) => worse);
  const worseLimit = falseDiscoveryLimit(shares, FALSE_PORTS, members);
  return judged
    .map((port) => {
      const isRising = port.rising !== undefined && port.rising <= risingLimit;
      return summarize(port, verdictOf(isRising, port.worse <= worseLimit), fromMs, nowMs);
    })
    .sort(byUrgency);
}

/**
 * The episodes that begin while SHARED_PORTS ports or more begin one within SHARED_WITHIN_MS; a port begins one at a
 * time.
 */
function sharedEpisodes(episodes: readonly Episode[]): ReadonlySet<Episode> {
  const sorted = episodes.toSorted((a, b) => a.firstMs - b.firstMs);
  const shared = new Set<Episode>();
  // From `first` to before `end` all begin within the time; before `done` all that are shared are known.
  for (let first = 0, end = 0, done = 0; first < sorted.length; first++) {
    while (end < sorted.length && sorted[end]!.firstMs - sorted[first]!.firstMs <= SHARED_WITHIN_MS) end++;
    if (end - first < SHARED_PORTS) continue;
    for (done = Math.max(done, first); done < end; done++) shared.add(sorted[done]!);
  }
  return shared;
}

function timesOf(episodes: readonly Episode[], isShared: ReadonlySet<Episode>): number[] {
  return episodes.filter((episode) => !isShared.has(episode)).map(({ firstMs }) => firstMs);
}

/**
 * Where episodes were given up for lack of room, what is kept begins with the first that is, and is told by the others.
 */
function risingChance(times: readonly number[], episodes: number, fromMs: number, nowMs: number): number | undefined {
  const isCut = episodes >= MOST_EPISODES;
  const told = isCut ? times.slice(1) : times;
  if (told.length < LEAST_EPISODES) return undefined;
  return chanceOfRise(laplaceTrend(told, isCut ? times[0]! : fromMs, nowMs));
}

function summarize(judged: Judged, verdict: FlapVerdict, fromMs: number, nowMs: number): PortFlaps {
  const { port, episodes, times, rising = 1, worse } = judged;
  const lastDay = times.filter((ms) => ms > nowMs - DAY_MS).length;
  const daysBefore = (nowMs - DAY_MS - fromMs) / DAY_MS;
  return {
    port,
    verdict,
    lastDay,
    perDayBefore: daysBefore > 0 ? (times.length - lastDay) / daysBefore : 0,
    flaps: episodes.reduce((sum, { flaps }) => sum + flaps, 0),
    episodes: episodes.length,
    shared: episodes.length - times.length,
    risingConfidence: 1 - rising,
    worseConfidence: 1 - worse,
  };
}

function verdictOf(isRising: boolean, isWorse: boolean): FlapVerdict {
  if (isWorse) return isRising ? "dying" : "flapping";
  return isRising ? "rising" : "usual";
}

function byUrgency(a: PortFlaps, b: PortFlaps): number {
  return (
    FLAP_VERDICTS.indexOf(a.verdict) - FLAP_VERDICTS.indexOf(b.verdict) ||
    b.lastDay - a.lastDay ||
    b.flaps - a.flaps ||
    (a.port < b.port ? -1 : 1)
  );
}
