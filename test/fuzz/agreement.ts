/** What was found is not what it should be. Thrown here and not by expect(), which nothing but `bun test` can use. */
export class Disagreement extends Error {
  override readonly name = "Disagreement";
}

/** Throws Disagreement with both when they differ in anything. */
export function agree(what: string, found: unknown, wanted: unknown): void {
  if (Bun.deepEquals(found, wanted, true)) return;
  const show = (value: unknown) => Bun.inspect(value, { depth: 6 }).slice(0, 2000);
  throw new Disagreement(`${what}: found ${show(found)}, wanted ${show(wanted)}`);
}

/** Throws Disagreement when it does not hold. */
export function holds(what: string, truth: boolean): void {
  if (!truth) throw new Disagreement(what);
}
