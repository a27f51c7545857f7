import { elapse } from "../faults/elapse.ts";
import type { Random } from "../simulation/random.ts";
import { CONNECTION_FAULTS } from "./connectionfaults.ts";
import { DAEMON_FAULTS } from "./daemonfaults.ts";
import type { Fault } from "./fault.ts";
import { disturbLinks } from "./linkoperations.ts";
import { ROW_FAULTS } from "./rowfaults.ts";
import { SERVER_FAULTS } from "./serverfaults.ts";
import type { FaultKind, World } from "./world.ts";

/** Sees what is done, in order. */
export type OperationListener = (operation: string) => void;

const LEAST_STEPS = 8;
const MORE_STEPS = 24;
const LONGEST_PAUSE_MS = 250;
const CHANCE_OF_LINKS = 0.6;
const CHANCE_OF_PAUSE = 0.6;
const ALL_FAULTS = [SERVER_FAULTS, CONNECTION_FAULTS, DAEMON_FAULTS, ROW_FAULTS];

/** Lets things go wrong, several at a time, as a seed has it, and puts them right again. */
export class Nemesis {
  /** How often each fault came. */
  readonly counts = new Map<string, number>();
  readonly #world: World;
  readonly #random: Random;
  readonly #tell: OperationListener;
  /** What goes wrong now, one of a kind at most. */
  readonly #lasting = new Map<FaultKind, Fault>();

  constructor(world: World, random: Random, tell: OperationListener) {
    this.#world = world;
    this.#random = random;
    this.#tell = tell;
  }

  /** Disturbs for a round, and heals everything. */
  async round(): Promise<void> {
    const steps = LEAST_STEPS + this.#random.below(MORE_STEPS);
    for (let step = 0; step < steps; step++) {
      if (this.#random.chance(CHANCE_OF_LINKS)) this.#tell(await disturbLinks(this.#world.fleet, this.#random));
      else await this.#disturb();
      if (this.#random.chance(CHANCE_OF_PAUSE)) await this.#pause();
      await this.#world.tendDaemon();
    }
    await this.#heal();
  }

  async #pause(): Promise<void> {
    await elapse(this.#random.between(0, LONGEST_PAUSE_MS) / 1000);
  }

  /** Lets a fault begin or, where one of its kind lasts already, ends that one. */
  async #disturb(): Promise<void> {
    const fault = this.#random.pick(this.#random.pick(ALL_FAULTS));
    const lasting = this.#lasting.get(fault.kind);
    if (lasting) await this.#end(lasting);
    else if (fault.possible?.(this.#world) ?? true) await this.#begin(fault);
  }

  async #begin(fault: Fault): Promise<void> {
    this.#tell(fault.name);
    this.counts.set(fault.name, (this.counts.get(fault.name) ?? 0) + 1);
    this.#world.staleness.disturb(fault.name);
    if (fault.end) {
      this.#lasting.set(fault.kind, fault);
      this.#world.spoilt.add(fault.kind);
    }
    await fault.begin(this.#world, this.#random);
  }

  async #end(fault: Fault): Promise<void> {
    this.#tell(`no longer: ${fault.name}`);
    await fault.end!(this.#world);
    this.#lasting.delete(fault.kind);
    this.#world.spoilt.delete(fault.kind);
  }

  async #heal(): Promise<void> {
    while (this.#lasting.size > 0) await this.#end(this.#random.pick([...this.#lasting.values()]));
    await this.#world.settle();
    await this.#world.tendDaemon();
  }
}
