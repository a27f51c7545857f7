import { theilSen } from "./slope.ts";
import { median } from "./statistics.ts";

/** A value at a time of a run. */
export interface Sample {
  readonly atSeconds: number;
  readonly value: number;
}

/** What a growth comes to. */
export type Verdict = "grows" | "shrinks" | "not distinguishable from 0" | "too short to tell";

/** How a value grew over a run; a row of a result. */
export type Growth = {
  readonly measure: string;
  /** Medians of the first and of the last third of what counts. */
  readonly first: number;
  readonly last: number;
  readonly verdict: Verdict;
  readonly "per hour"?: number;
  /** With a confidence of 95 %. */
  readonly low?: number;
  readonly high?: number;
};

/** What follows on each other is alike, so that the interval is taken from medians of so many pieces of the run. */
const PIECES = 30;
/** Of a shorter run nothing is said per hour: a heap takes minutes to find its size. */
const LEAST_SECONDS = 600;
const SECONDS_AN_HOUR = 3600;

/** The growth per hour of a value by the slope of Theil and Sen. The first sixth is left out: a program grows into its size. */
export function growth(measure: string, samples: readonly Sample[]): Growth {
  const counted = samples.slice(Math.floor(samples.length / 6));
  const third = Math.ceil(counted.length / 3);
  const values = counted.map(({ value }) => value);
  const ends = { measure, first: median(values.slice(0, third)), last: median(values.slice(-third)) };
  const pieces = cut(counted);
  const seconds = counted.at(-1)!.atSeconds - counted[0]!.atSeconds;
  if (seconds < LEAST_SECONDS || pieces.length < PIECES / 2) return { ...ends, verdict: "too short to tell" };
  const fit = theilSen(
    pieces.map((piece) => ({
      x: median(piece.map(({ atSeconds }) => atSeconds)) / SECONDS_AN_HOUR,
      y: median(piece.map(({ value }) => value)),
    })),
  );
  const verdict = fit.low > 0 ? "grows" : fit.high < 0 ? "shrinks" : "not distinguishable from 0";
  return { ...ends, "per hour": fit.slope, low: fit.low, high: fit.high, verdict };
}

function cut(samples: readonly Sample[]): Sample[][] {
  const size = Math.max(1, Math.ceil(samples.length / PIECES));
  const pieces: Sample[][] = [];
  for (let at = 0; at < samples.length; at += size) pieces.push(samples.slice(at, at + size));
  return pieces;
}
