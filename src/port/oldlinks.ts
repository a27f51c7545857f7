import { getLog } from "../log/logger.ts";
import { decodeName } from "../util/ifname.ts";

const log = getLog("oldlinks");

/** Brings netdevs down that an earlier swss left behind, each once (rule 8c). */
export class OldLinks {
  readonly #setDown: (ifindex: number) => Promise<void>;
  readonly #done = new Set<number>();

  /** `setDown` rejects with the kernel's reason. */
  constructor(setDown: (ifindex: number) => Promise<void>) {
    this.#setDown = setDown;
  }

  /** Brings down those that were not yet; one that cannot be is logged and left (rule 8c). */
  async bringDown(old: ReadonlyMap<number, string>): Promise<void> {
    for (const [ifindex, port] of old) {
      if (this.#done.has(ifindex)) continue;
      this.#done.add(ifindex);
      try {
        await this.#setDown(ifindex);
      } catch (error) {
        log.warn("{port} is old and could not be brought down: {error}", {
          port: decodeName(port),
          error: String(error),
        });
      }
    }
  }
}
