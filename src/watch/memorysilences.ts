import { createSilence, isActive, type Silence, type SilenceIssue } from "../alert/silence.ts";
import type { SilenceKeeper } from "../http/sources.ts";
import type { Clock } from "../util/clock.ts";

/** Silences of this process: a restart forgets them. */
export class MemorySilences implements SilenceKeeper {
  readonly #clock: Pick<Clock, "wallNow">;
  readonly #onChange: (silences: readonly Silence[]) => void;
  #silences: readonly Silence[] = [];

  /** `onChange` is told which there are now. */
  constructor(clock: Pick<Clock, "wallNow">, onChange: (silences: readonly Silence[]) => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Those that have not expired. */
  get silences(): readonly Silence[] {
    const nowWallMs = this.#clock.wallNow();
    return this.#silences.filter((silence) => isActive(silence, nowWallMs));
  }

  create(request: Readonly<Record<string, unknown>>): Promise<Silence | readonly SilenceIssue[]> {
    const made = createSilence(crypto.randomUUID(), request, this.#clock.wallNow());
    if ("issues" in made) return Promise.resolve(made.issues);
    this.#set([...this.silences, made.silence]);
    return Promise.resolve(made.silence);
  }

  remove(id: string): Promise<Silence | undefined> {
    const found = this.silences.find((silence) => silence.id === id);
    if (found) this.#set(this.silences.filter((silence) => silence !== found));
    return Promise.resolve(found);
  }

  #set(silences: readonly Silence[]): void {
    this.#silences = silences;
    this.#onChange(silences);
  }
}
