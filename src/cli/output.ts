import { EXIT } from "./exit.ts";
import { Failure } from "./failure.ts";

/** Writes text to stdout and waits until it is out; a reader that has gone has read enough. Throws Failure. */
export async function printText(text: string): Promise<void> {
  try {
    await Bun.write(Bun.stdout, text.endsWith("\n") ? text : `${text}\n`);
  } catch (error) {
    if (!isReaderGone(error)) throw outputFailure(error);
  }
}

/** The failure of an output that cannot be written. */
export function outputFailure(error: unknown): Failure {
  return new Failure(EXIT.ioErr, `stdout: ${error instanceof Error ? error.message : String(error)}`);
}

/** True when whoever read the output has gone, which ends a stream in peace. */
export function isReaderGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EPIPE";
}
