import { join } from "node:path";

import { type Child, eachLine } from "../support/child.ts";
import { within } from "../support/deadline.ts";
import type { Namespace } from "../support/namespace.ts";

/** What a client is asked to do. */
export type Wanted =
  | { readonly do: "get"; readonly url: string }
  | { readonly do: "subject"; readonly port: number; readonly ca: string }
  | { readonly do: "occupy"; readonly port: number }
  | { readonly do: "scrape"; readonly url: string; readonly count: number }
  | { readonly do: "trickle"; readonly port: number; readonly count: number }
  | { readonly do: "free" | "scraped" | "stop" | "open" };

/** An answer over HTTP. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** What scrapers have got so far. */
export interface Scraped {
  readonly answers: number;
  readonly bytes: number;
  /** Answers other than 200. */
  readonly failures: readonly string[];
}

/** A process in a network namespace that asks servers there. */
export class NamespaceClient {
  readonly #child: Child;
  readonly #awaited: PromiseWithResolvers<string>[] = [];

  /** Starts one; it ends with its namespace. */
  constructor(namespace: Namespace) {
    const program = [process.execPath, "--no-env-file", join(import.meta.dir, "clientprogram.ts")];
    this.#child = namespace.spawn(program, { stdin: "pipe" });
    void eachLine(this.#child.stdout, (line) => this.#awaited.shift()!.resolve(line));
  }

  /** What the daemon answers on 127.0.0.1:9101. */
  get(path: string): Promise<Answer> {
    return this.ask<Answer>({ do: "get", url: `http://127.0.0.1:9101${path}` });
  }

  /** Has something done; one after the other. Throws with what went wrong. */
  async ask<Outcome>(wanted: Wanted): Promise<Outcome> {
    const awaited = Promise.withResolvers<string>();
    this.#awaited.push(awaited);
    const input = this.#child.stdin!;
    void input.write(`${JSON.stringify(wanted)}\n`);
    void input.flush();
    const line = await within(`outcome of ${JSON.stringify(wanted)}`, awaited.promise, 20);
    const outcome = JSON.parse(line) as Outcome & { readonly error?: string };
    if (outcome.error !== undefined) throw new Error(outcome.error);
    return outcome;
  }
}
