import type { StoreObserver } from "./options.ts";
import type { StoreState } from "./status.ts";

/** What can fail on its own. */
export type Concern = "saving" | "backup";

/** Whether what is recorded reaches the disk, and if not, why; tells each change once. */
export class Soundness {
  readonly #observer: Pick<StoreObserver, "onState">;
  /** Why saving and making backups do not work; "" when they do. */
  readonly #reasons: Record<Concern, string> = { saving: "", backup: "" };
  #state: StoreState;

  constructor(enabled: boolean, observer: Pick<StoreObserver, "onState">) {
    this.#state = enabled ? "ok" : "disabled";
    this.#observer = observer;
  }

  /** How the store is. */
  get state(): StoreState {
    return this.#state;
  }

  /** Why it is degraded; else "". */
  get reason(): string {
    return this.#reasons.saving || this.#reasons.backup;
  }

  /** Whether backups fail. */
  get isWithoutBackup(): boolean {
    return this.#reasons.backup !== "";
  }

  /** Notes why something does not work; "" when it does. */
  note(concern: Concern, why: string): void {
    this.#reasons[concern] = why;
    const state = this.reason === "" ? "ok" : "degraded";
    if (state === this.#state) return;
    this.#state = state;
    this.#observer.onState(state, this.reason);
  }
}
