import { UnavailableError } from "../util/unavailable.ts";

/** The file holds what no version of the store can have written. */
export class DamageError extends Error {
  override readonly name: string = "DamageError";
}

/** The file was written by a newer version of the store. */
export class NewerVersionError extends DamageError {
  override readonly name = "NewerVersionError";

  constructor(
    readonly version: number,
    readonly known: number,
  ) {
    super(`it has version ${version} of the schema, which is newer than ${known}, the newest that is known here`);
  }
}

/** What is to be saved can be in no file. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
}

/** What an error of SQLite or of a file operation means for the store. */
export type Failure =
  | { readonly kind: "damage" | "unavailable" | "refused"; readonly reason: string }
  | { readonly kind: "bug"; readonly reason: string };

const DAMAGE = /^SQLITE_(CORRUPT|NOTADB|IOERR_SHORT_READ|IOERR_CORRUPTFS|IOERR_DATA)/;
// What a statement that is right can only meet in a file whose content is not what was checked when it was opened.
const REFUSED = /^SQLITE_(ERROR|CONSTRAINT|MISMATCH|TOOBIG|RANGE)/;
const UNAVAILABLE: readonly (readonly [RegExp, string])[] = [
  [/^(SQLITE_FULL|ENOSPC|EDQUOT|EFBIG)/, "the disk is full"],
  [/^(SQLITE_READONLY|SQLITE_PERM|SQLITE_AUTH|EROFS|EACCES|EPERM)/, "it cannot be written"],
  [/^SQLITE_(BUSY|LOCKED|PROTOCOL)/, "it is locked by another process"],
  [/^(SQLITE_CANTOPEN_SYMLINK|ELOOP)/, "it is a symbolic link"],
  [/^(SQLITE_CANTOPEN|ENOENT|ENOTDIR|EISDIR|EMFILE|ENFILE)/, "it cannot be opened"],
  [/^(SQLITE_IOERR|EIO|ESTALE)/, "the disk failed"],
  [/^(SQLITE_NOMEM|ENOMEM)/, "memory is short"],
];

/** Tells damage from what passes, and both from a mistake in the program. */
export function classify(error: unknown): Failure {
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof DamageError) return { kind: "damage", reason };
  if (error instanceof RefusedError) return { kind: "refused", reason };
  if (error instanceof UnavailableError) return { kind: "unavailable", reason };
  const code = codeOf(error);
  if (DAMAGE.test(code)) return { kind: "damage", reason: `${reason} (${code})` };
  if (REFUSED.test(code)) return { kind: "refused", reason: `${reason} (${code})` };
  const known = UNAVAILABLE.find(([pattern]) => pattern.test(code));
  if (known) return { kind: "unavailable", reason: `${known[1]} (${code})` };
  return { kind: /^(SQLITE_|ERR_FS_|E[A-Z0-9]+$)/.test(code) ? "unavailable" : "bug", reason };
}

/** The symbol that SQLite or a file operation gives an error, such as SQLITE_FULL; "" for none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** Runs what opens and checks a file: statements that are right are refused there only when the file is not. */
export function whileOpening<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    const { kind, reason } = classify(error);
    throw kind === "refused" ? new DamageError(reason) : error;
  }
}
