import { toFailure } from "./cli/failure.ts";
import { run } from "./cli/run.ts";

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  const failure = toFailure(error);
  if (!failure) throw error;
  process.stderr.write(`portsyncd: ${failure.message}\n`);
  process.exitCode = failure.exitCode;
}
process.exit();
