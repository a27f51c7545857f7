import { APPL_DB, PORT_CONFIG_DONE, PORT_INIT_DONE } from "../../src/swss/schema.ts";
import { kindOf } from "./names.ts";
import type { Random } from "./random.ts";
import { PENDING_SET, pendingKey } from "./server.ts";
import type { Site } from "./site.ts";

const RETRY_MS = 100;

/** The consumer of APPL_DB's PORT_TABLE: takes rows when it comes to it, and makes the netdevs of the ports. */
export class Orchagent {
  readonly #world: Site;
  readonly #random: Random;
  #due = false;

  constructor(world: Site, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  /** Rows were announced. */
  onPublish(): void {
    this.#later(this.#random.between(0, this.#world.plan.settings.popMs));
  }

  #later(delayMs: number): void {
    if (this.#due) return;
    this.#due = true;
    this.#world.scheduler.after(delayMs, () => {
      this.#due = false;
      this.#pop();
    });
  }

  /** Takes some of the rows that wait, or all; the rest later (rule 38). */
  #pop(): void {
    if (!this.#world.serverOf(APPL_DB).serves) return this.#later(RETRY_MS);
    const keyspace = this.#world.keyspace(APPL_DB);
    const waiting = [...((keyspace.get(PENDING_SET) as Set<string> | undefined) ?? [])];
    const taken = this.#random.chance(0.5) ? waiting : this.#random.some(waiting, 0.5);
    for (const key of taken) {
      this.#world.coverage.count("orchagent takes");
      const fields = [...keyspace.hash(pendingKey(key))].flat();
      keyspace.removeMember(PENDING_SET, key);
      keyspace.run(["DEL", pendingKey(key)]);
      if (fields.length > 0) keyspace.run(["HSET", `PORT_TABLE:${key}`, ...fields]);
      if (key !== PORT_CONFIG_DONE && key !== PORT_INIT_DONE) this.#makeNetdev(key);
    }
    if (taken.length < waiting.length) this.#later(this.#random.between(0, this.#world.plan.settings.popMs));
  }

  #makeNetdev(name: string): void {
    const { scheduler, kernel, plan, coverage } = this.#world;
    if (!plan.settings.creates) return;
    scheduler.after(this.#random.between(0, 50), () => {
      if (kernel.add(name, kindOf(name))) coverage.count("orchagent makes a netdev");
    });
  }
}
