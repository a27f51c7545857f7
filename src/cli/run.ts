import { alertRules } from "../config/alertrules.ts";
import type { ConfigIssue } from "../config/issue.ts";
import type { Config } from "../config/schema.ts";
import { adminSocketPath } from "../http/adminsocketpath.ts";
import { storeDirectory } from "../watch/history.ts";
import { AdminClient } from "./adminclient.ts";
import type { AdminOptions } from "./adminoptions.ts";
import { runAlerts } from "./alerts.ts";
import { formatCompletion } from "./completion.ts";
import { runDaemon } from "./daemon.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { Failure } from "./failure.ts";
import { formatHelp } from "./help.ts";
import { formatMan } from "./man.ts";
import { runMonitor } from "./monitor.ts";
import { PROGRAM } from "./options.ts";
import { printText } from "./output.ts";
import { type ExportOptions, type HistoryOptions, type Invocation, parse, type StartsOptions } from "./parse.ts";
import { runRecord } from "./record.ts";
import { readSettings, tellIssues } from "./settings.ts";
import { runSilence, runUnsilence } from "./silence.ts";
import { runStatus } from "./status.ts";
import { runTrends } from "./trends.ts";
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
    case "status":
      return withAdmin(invocation.options, (client, { json }) => runStatus(client, json));
    case "alerts":
      return withAdmin(invocation.options, (client, { json }) => runAlerts(client, json));
    case "silence":
      return withAdmin(invocation.options, runSilence);
    case "unsilence":
      return withAdmin(invocation.options, runUnsilence);
    case "trends":
      return withAdmin(invocation.options, (client, { json }) => runTrends(client, json));
    case "export":
      return runExportCommand(invocation.options);
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

async function runHistoryCommand(options: HistoryOptions): Promise<ExitCode> {
  const store = findBy(options, (config) => ({ directory: storeDirectory(config) }));
  if (store.issues) return tellIssues(store.issues);
  const { runHistory } = await import("./history.ts"); // it brings SQLite, which the daemon has in a thread of its own if at all
  return runHistory({ ...options, directory: store.directory });
}

async function runStartsCommand({ json, ...place }: StartsOptions): Promise<ExitCode> {
  const store = findBy(place, (config) => ({ directory: storeDirectory(config) }));
  if (store.issues) return tellIssues(store.issues);
  const { runStarts } = await import("./starts.ts");
  return runStarts({ json, directory: store.directory });
}

async function runExportCommand({ kind, out, ...place }: ExportOptions): Promise<ExitCode> {
  // As the daemon has them: a fleet's Prometheus is to alert by the same rules as the switch.
  const found = findBy(place, ({ alerts, performance }) => ({
    rules: alertRules(alerts.rules, performance.max_latency_us).rules,
  }));
  if (found.issues) return tellIssues(found.issues);
  const { runExport } = await import("./export.ts"); // it brings YAML and the SDK of Grafana
  return runExport({ kind, out, rules: found.rules });
}

type Found<Place> = (Place & { readonly issues?: undefined }) | { readonly issues: readonly ConfigIssue[] };

/** Finds something by the configuration that the daemon has. */
function findBy<Place>(
  { config, namespace }: Pick<AdminOptions, "config" | "namespace">,
  find: (config: Config) => Place,
): Found<Place> {
  const settings = readSettings(
    { action: "run", ...(config !== undefined && { config }), ...(namespace !== undefined && { namespace }) },
    process.env,
  );
  return settings.issues ? { issues: settings.issues } : { ...find(settings.config), issues: undefined };
}

/** Asks the running daemon. */
async function withAdmin<Options extends AdminOptions>(
  options: Options,
  ask: (client: AdminClient, options: Options) => Promise<ExitCode>,
): Promise<ExitCode> {
  const found = findBy(options, (config) => ({ path: adminSocketPath(config) }));
  if (found.issues) return tellIssues(found.issues);
  if (found.path === "")
    throw new Failure(EXIT.unavailable, "the daemon has no admin socket: [http] admin_socket is empty");
  return ask(new AdminClient(found.path), options);
}

async function print(text: string): Promise<ExitCode> {
  await printText(text);
  return EXIT.ok;
}
