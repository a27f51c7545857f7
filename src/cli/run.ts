import packageJson from "../../package.json" with { type: "json" };
import { formatCompletion } from "./completion.ts";
import { runDaemon } from "./daemon.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { formatHelp } from "./help.ts";
import { formatMan } from "./man.ts";
import { runMonitor } from "./monitor.ts";
import { PROGRAM } from "./options.ts";
import { printText } from "./output.ts";
import { type Invocation, parse } from "./parse.ts";
import { runRecord } from "./record.ts";

/** Does what the arguments ask for. Throws what toFailure() knows, or a bug. */
export async function run(argv: readonly string[]): Promise<ExitCode> {
  const { invocation, error } = parse(argv);
  if (error) {
    process.stderr.write(`${PROGRAM}: ${error.message}\n${error.hint}\n`);
    return EXIT.usage;
  }
  return carryOut(invocation);
}

function carryOut(invocation: Invocation): ExitCode | Promise<ExitCode> {
  switch (invocation.command) {
    case "daemon":
      return runDaemon(invocation.options);
    case "monitor":
      return runMonitor(invocation.options);
    case "record":
      return runRecord(invocation.options);
    case "help":
      return print(formatHelp(invocation.options.about));
    case "man":
      return print(formatMan());
    case "completion":
      return print(formatCompletion(invocation.options.shell));
    case "version":
      return print(`${PROGRAM} ${packageJson.version} (Bun ${Bun.version})\n`);
  }
}

async function print(text: string): Promise<ExitCode> {
  await printText(text);
  return EXIT.ok;
}
