import type { Clock } from "../util/clock.ts";
import type { Databases } from "./databases.ts";

/** Redis did not come within the configured time. */
export class RedisUnavailableError extends Error {
  override readonly name = "RedisUnavailableError";
}

/** Resolves when all databases are usable. Rejects with RedisUnavailableError when that takes longer than `timeoutMs`. */
export async function awaitDatabases(databases: Databases, timeoutMs: number, clock: Clock): Promise<void> {
  const tooLate = Promise.withResolvers<never>();
  const cancel = clock.after(timeoutMs, () => {
    const errors = databases.failures.join("; ") || "no answer";
    tooLate.reject(new RedisUnavailableError(`Redis did not come within ${timeoutMs} ms: ${errors}`));
  });
  try {
    await Promise.race([databases.whenUsable(), tooLate.promise]);
  } finally {
    cancel();
  }
}
