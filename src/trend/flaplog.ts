/** Flaps that follow each other within this are one episode: what an operator would call one incident. */
export const EPISODE_GAP_MS = 5 * 60_000;
/** A port that does not stop flapping begins a new episode after this, so that it counts for more than one that did. */
export const EPISODE_MOST_MS = 3_600_000;
/** What is older is forgotten. */
export const FLAP_WINDOW_MS = 14 * 24 * 3_600_000;
/** More episodes of one port are not kept; of a port that has more it is known without them. */
export const MOST_EPISODES = 32;
/** Of more ports than this those that flapped last are known: names may come and go without end, as of virtual machines. */
export const MOST_PORTS = 4096;

/** Flaps of a port that belong together. */
export interface Episode {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly flaps: number;
}

/**
 * The flaps of all ports by episodes, of the last 14 days. A port that did not flap takes nothing, one that did up to 2
 * KB.
 */
export class FlapLog {
  readonly #episodes = new Map<string, Episode[]>();

  /** `sinceMs` is from when on flaps would be known, in the time of the series (timeline.ts), as all times here. */
  constructor(readonly sinceMs: number) {}

  /** Adds a flap: the oper status of a port went down after having been up. Times of one port come in their order. */
  add(port: string, ms: number): void {
    const episodes = this.#episodes.get(port) ?? [];
    const last = episodes.at(-1);
    if (last && ms - last.lastMs <= EPISODE_GAP_MS && ms - last.firstMs < EPISODE_MOST_MS)
      episodes[episodes.length - 1] = { ...last, lastMs: ms, flaps: last.flaps + 1 };
    else episodes.push({ firstMs: ms, lastMs: ms, flaps: 1 });
    if (episodes.length > MOST_EPISODES) episodes.shift();
    this.#episodes.delete(port); // so that the one that flapped the longest ago is the first
    this.#episodes.set(port, episodes);
    if (this.#episodes.size > MOST_PORTS)
      for (const first of this.#episodes.keys()) return void this.#episodes.delete(first);
  }

  /** The episodes of each port that has any in the window before `nowMs`, oldest first; older ones are forgotten. */
  recent(nowMs: number): ReadonlyMap<string, readonly Episode[]> {
    for (const [port, episodes] of this.#episodes) {
      const recent = episodes.filter(({ firstMs }) => firstMs > nowMs - FLAP_WINDOW_MS);
      if (recent.length === 0) this.#episodes.delete(port);
      else if (recent.length < episodes.length) this.#episodes.set(port, recent);
    }
    return this.#episodes;
  }
}
