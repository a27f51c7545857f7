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
  /** After a failure to save: transitions that waited when saving worked again first, and do still; undefined before it did. */
  #owed: number | undefined;

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
    const { saving, backup } = this.#reasons;
    return saving || (backup && `no backup can be made: ${backup}`);
  }

  /** Whether what is recorded is saved. */
  get isSaving(): boolean {
    return this.#state !== "disabled" && this.#reasons.saving === "";
  }

  /** Whether backups fail. */
  get isWithoutBackup(): boolean {
    return this.#reasons.backup !== "";
  }

  /** Notes why something does not work; "" when it does. */
  note(concern: Concern, why: string): void {
    if (concern === "saving") this.#owed = undefined;
    this.#reasons[concern] = why;
    const state = this.reason === "" ? "ok" : "degraded";
    if (state === this.#state) return;
    this.#state = state;
    this.#observer.onState(state, this.reason);
  }

  /**
   * So many transitions were saved. After a failure all is well only when what had to wait for that is saved, too: where there is
   * hardly any space, a small batch may be saved and a larger one not.
   */
  onSaved(count: number, waiting: { readonly transitions: number; readonly others: boolean }): void {
    if (this.#reasons.saving === "") return;
    const isFirst = this.#owed === undefined;
    const owed = isFirst ? waiting.transitions : this.#owed! - count;
    if (owed > 0 || (isFirst && waiting.others)) this.#owed = owed;
    else this.note("saving", "");
  }
}
