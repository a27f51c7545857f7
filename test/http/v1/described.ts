import { expect } from "bun:test";

import addFormats from "ajv-formats";
import Ajv2020 from "ajv/dist/2020";

import type { HttpRig } from "../rig.ts";

/** One of the routes that /api/v1 lists. */
export interface ListedRoute {
  readonly method: string;
  readonly path: string;
  readonly meaning: string;
  readonly parameters: readonly { readonly name: string; readonly meaning: string }[];
  readonly response: string | null;
}

/** What /api/v1 answers. */
export interface Listing {
  readonly routes: readonly ListedRoute[];
  readonly $defs: Readonly<Record<string, object>>;
}

/** Checks answers against the schemas by which /api/v1 describes them. */
export class Described {
  readonly #ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });

  private constructor(readonly listing: Listing) {
    addFormats(this.#ajv);
    for (const [name, schema] of Object.entries(listing.$defs)) this.#ajv.addSchema(schema, name);
  }

  /** Reads what a server says of its answers. */
  static async by(rig: Pick<HttpRig, "json">): Promise<Described> {
    return new Described((await rig.json("/api/v1")) as Listing);
  }

  /** Expects that a value is what it is described as. */
  expect(name: string, value: unknown): void {
    const isRight = this.#ajv.validate(name, value);
    expect(isRight ? [] : this.#ajv.errors).toEqual([]);
  }
}
