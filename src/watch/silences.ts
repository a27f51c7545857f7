import { createSilence, isActive, type Silence, type SilenceIssue } from "../alert/silence.ts";
import type { MadeSilence, SilenceKeeper } from "../http/sources.ts";
import { getLog } from "../log/logger.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../util/clock.ts";
import { parseSilence } from "./keptjson.ts";

const log = getLog("alert");

/** Silences that there can be at a time: each look at an alert looks at all of them. */
export const MOST_SILENCES = 1000;
/** How long whoever makes or ends a silence waits for the disk. */
const DISK_PATIENCE_MS = 3000;
/** The clock may have been wrong when a silence seemed to have expired: only after this it is not kept any more. */
const EXPIRED_KEPT_MS = 7 * 86_400_000;

/** What is needed of the store. */
export type SilenceStore = Pick<Store, "keepsakes" | "keep" | "whenSaved" | "status">;

/** The silences, those of earlier processes too once the store is open. Without a store they last as long as the process. */
export class Silences implements SilenceKeeper {
  readonly #store: SilenceStore;
  readonly #clock: Clock;
  readonly #onChange: (silences: readonly Silence[]) => void;
  readonly #silences = new Map<string, Silence>();
  #isRestored = false;

  /** `onChange` is told which there are whenever that changes but by their expiry. */
  constructor(store: SilenceStore, clock: Clock, onChange: (silences: readonly Silence[]) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Those that have not expired, in the order in which they were made. */
  get list(): readonly Silence[] {
    const wallMs = this.#clock.wallNow();
    return [...this.#silences.values()].filter((silence) => isActive(silence, wallMs)).sort(byAge);
  }

  /** Takes in what was kept, once that is known. */
  restore(): void {
    const kept = this.#isRestored ? undefined : this.#store.keepsakes("silence");
    if (!kept) return;
    this.#isRestored = true;
    for (const [id, json] of kept) {
      const silence = this.#silences.get(id) ?? parseSilence(json);
      if (silence?.id === id && this.#silences.size < MOST_SILENCES) this.#silences.set(id, silence);
      else if (silence?.id !== id) log.warn("a silence that was kept cannot be read: {id}", { id });
    }
    if (kept.size > 0) this.#onChange([...this.#silences.values()]);
  }

  async create(request: Readonly<Record<string, unknown>>): Promise<MadeSilence | readonly SilenceIssue[]> {
    this.#forgetExpired();
    const made = createSilence(crypto.randomUUID(), request, this.#clock.wallNow());
    if ("issues" in made) return made.issues;
    if (this.list.length >= MOST_SILENCES)
      return [{ key: "rule", message: `there are ${MOST_SILENCES} silences already; end one of them first` }];
    const { silence } = made;
    this.#silences.set(silence.id, silence);
    this.#store.keep("silence", silence.id, JSON.stringify(silence));
    this.#onChange([...this.#silences.values()]);
    const notKept = await this.#whyNotKept();
    const { id, matcher, reason } = silence;
    const about = [matcher.rule, matcher.severity, matcher.port].filter((part) => part !== undefined).join(", ");
    log.notice("silence {id} of {about}: {reason}", { id, about, reason });
    if (notKept !== "") log.warn("silence {id} is not kept over a restart: {notKept}", { id, notKept });
    return { ...silence, notKept };
  }

  async remove(id: string): Promise<Silence | undefined> {
    this.#forgetExpired();
    const silence = this.#silences.get(id);
    if (!silence || !isActive(silence, this.#clock.wallNow())) return undefined;
    this.#silences.delete(id);
    this.#store.keep("silence", id, null);
    this.#onChange([...this.#silences.values()]);
    const notKept = await this.#whyNotKept();
    log.notice("silence {id} was ended", { id });
    if (notKept !== "" && this.#store.status.state !== "disabled")
      log.warn("silence {id} may be there again after a restart: {notKept}", { id, notKept });
    return silence;
  }

  /** "" when what was said last is on the disk. */
  async #whyNotKept(): Promise<string> {
    if (await this.#store.whenSaved(DISK_PATIENCE_MS)) return "";
    const { state, reason } = this.#store.status;
    return state === "disabled" ? "store.enabled is false" : reason || "the disk has not answered yet";
  }

  #forgetExpired(): void {
    const longAgoMs = this.#clock.wallNow() - EXPIRED_KEPT_MS;
    for (const silence of this.#silences.values()) {
      if (isActive(silence, longAgoMs)) continue;
      this.#silences.delete(silence.id);
      this.#store.keep("silence", silence.id, null);
    }
  }
}

function byAge(a: Silence, b: Silence): number {
  return a.createdWallMs - b.createdWallMs;
}
