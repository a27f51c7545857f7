import type { ConfigIssue } from "../config/issue.ts";
import { storeDirectory } from "../watch/history.ts";
import { formatCompletion } from "./completion.ts";
import { runDaemon } from "./daemon.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { formatHelp } from "./help.ts";
import { formatMan } from "./man.ts";
import { runMonitor } from "./monitor.ts";
import { PROGRAM } from "./options.ts";
import { printText } from "./output.ts";
import { type HistoryOptions, type Invocation, parse, type StartsOptions } from "./parse.ts";
import { runRecord } from "./record.ts";
import { readSettings, tellIssues } from "./settings.ts";
import { VERSION } from "./version.ts";

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
    case "history":
      return runHistoryCommand(invocation.options);
    case "starts":
      return runStartsCommand(invocation.options);
    case "help":
      return print(formatHelp(invocation.options.about));
    case "man":
      return print(formatMan());
    case "completion":
      return print(formatCompletion(invocation.options.shell));
    case "version":
      return print(`${PROGRAM} ${VERSION} (Bun ${Bun.version})\n`);
  }
}

async function runHistoryCommand({ config, namespace, ...options }: HistoryOptions): Promise<ExitCode> {
  const store = findStore(config, namespace);
  if (store.issues) return tellIssues(store.issues);
  const { runHistory } = await import("./history.ts"); // it brings SQLite, which the daemon has in a thread of its own if at all
  return runHistory({ ...options, directory: store.directory });
}

async function runStartsCommand({ config, namespace, json }: StartsOptions): Promise<ExitCode> {
  const store = findStore(config, namespace);
  if (store.issues) return tellIssues(store.issues);
  const { runStarts } = await import("./starts.ts");
  return runStarts({ json, directory: store.directory });
}

type FoundStore =
  { readonly directory: string; readonly issues?: undefined } | { readonly issues: readonly ConfigIssue[] };

/** Finds the store by the configuration that the daemon has. */
function findStore(config: string | undefined, namespace: string | undefined): FoundStore {
  const settings = readSettings(
    { action: "run", ...(config !== undefined && { config }), ...(namespace !== undefined && { namespace }) },
    process.env,
  );
  return settings.issues ? { issues: settings.issues } : { directory: storeDirectory(settings.config) };
}

async function print(text: string): Promise<ExitCode> {
  await printText(text);
  return EXIT.ok;
}
