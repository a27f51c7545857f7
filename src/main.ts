import { EXIT } from "./cli/exit.ts";
import { toFailure } from "./cli/failure.ts";
import { run } from "./cli/run.ts";

/** Tells the operator why the program ends; what is nobody's fault but ours ends with its stack. */
function die(error: unknown): never {
  const failure = toFailure(error);
  const text = failure?.message ?? (error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.stderr.write(`portsyncd: ${text}\n`);
  process.exit(failure?.exitCode ?? EXIT.software);
}

process.on("uncaughtException", die).on("unhandledRejection", die);
try {
  process.exit(await run(process.argv.slice(2)));
} catch (error) {
  die(error);
}
