import type { Random } from "../simulation/random.ts";
import type { FaultKind, World } from "./world.ts";

/** Something that goes wrong. At a time there is one of a kind at most. */
export interface Fault {
  readonly name: string;
  readonly kind: FaultKind;
  /** False while it could not be told from a mistake of the test. */
  possible?(world: World): boolean;
  begin(world: World, random: Random): Promise<void>;
  /** Puts it right; absent where nothing lasts. */
  end?(world: World): Promise<void>;
}
