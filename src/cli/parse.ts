import type { Mode } from "../config/schema.ts";
import { quoteWord } from "../log/escape.ts";
import type { LogFormat } from "../log/format.ts";
import type { LogLevel } from "../log/level.ts";
import { closest } from "../util/closest.ts";
import { parseSince } from "../util/since.ts";
import {
  type AdminOptions,
  readAdmin,
  readSilence,
  type SilenceOptions,
  type UnsilenceOptions,
} from "./adminoptions.ts";
import {
  type CommandName,
  commandOf,
  type ExportKind,
  type OptionName,
  optionOf,
  PROGRAM,
  SHELLS,
  STORES,
  WRITTEN_COMMANDS,
} from "./options.ts";
import { type OptionValues, readChoice, readConfigFile, readNamespace, readSource } from "./optionvalues.ts";
import type { SourceChoice } from "./source.ts";
import { refuse, Usage } from "./usage.ts";

/** One of the values of --store. */
export type StoreChoice = (typeof STORES)[number];

/** One of the shells that have a completion. */
export type Shell = (typeof SHELLS)[number];

/** The options of the daemon; what is absent was not given, so the configuration decides. */
export interface DaemonOptions {
  readonly config?: string;
  readonly mode?: Mode;
  readonly namespace?: string;
  readonly logLevel?: LogLevel;
  readonly logFormat?: LogFormat;
  readonly source?: SourceChoice;
  readonly store?: StoreChoice;
  /** What to do instead of running: at most one can be given. */
  readonly action: "run" | "check-config" | "print-config" | "once";
}

/** The options of `monitor`. */
export interface MonitorOptions {
  readonly json: boolean;
  readonly source?: SourceChoice;
  readonly namespace?: string;
}

/** The operand and options of `history`. */
export interface HistoryOptions {
  readonly port?: string;
  readonly since?: string;
  readonly json: boolean;
  readonly config?: string;
  readonly namespace?: string;
}

/** The options of `starts`. */
export interface StartsOptions {
  readonly json: boolean;
  readonly config?: string;
  readonly namespace?: string;
}

/** The operand and options of `record`. */
export interface RecordOptions {
  readonly file: string;
  readonly namespace?: string;
}

/** The operand and options of `export`. */
export interface ExportOptions {
  readonly kind: ExportKind;
  /** A directory; `-` for the standard output. */
  readonly out: string;
  readonly config?: string;
  readonly namespace?: string;
}

/** What the command line asks for. */
export type Invocation =
  | { readonly command: "daemon"; readonly options: DaemonOptions }
  | { readonly command: "monitor"; readonly options: MonitorOptions }
  | { readonly command: "record"; readonly options: RecordOptions }
  | { readonly command: "history"; readonly options: HistoryOptions }
  | { readonly command: "starts"; readonly options: StartsOptions }
  | { readonly command: "status" | "alerts" | "trends"; readonly options: AdminOptions }
  | { readonly command: "silence"; readonly options: SilenceOptions }
  | { readonly command: "unsilence"; readonly options: UnsilenceOptions }
  | { readonly command: "export"; readonly options: ExportOptions }
  | { readonly command: "completion"; readonly options: { readonly shell: Shell } }
  | { readonly command: "man"; readonly options: Readonly<Record<string, never>> }
  | { readonly command: "help"; readonly options: { readonly about: CommandName } }
  | { readonly command: "version"; readonly options: Readonly<Record<string, never>> };

/** Why a command line was not understood, and what to try. */
export interface UsageError {
  readonly message: string;
  readonly hint: string;
}

/** The outcome of {@link parse}. */
export type Parsed =
  | { readonly invocation: Invocation; readonly error?: undefined }
  | { readonly invocation?: undefined; readonly error: UsageError };

/** What was written: each option's last value ("" for a flag), and the operands. */
interface Written {
  readonly values: OptionValues;
  readonly operands: readonly string[];
}

const ACTIONS = ["check-config", "print-config", "once"] as const satisfies readonly OptionName[];

/** Reads the arguments behind the program's name. */
export function parse(argv: readonly string[]): Parsed {
  let command: CommandName = "daemon";
  try {
    const [first] = argv;
    if (first !== undefined && !first.startsWith("-")) command = findCommand(first);
    const written = scan(command, command === "daemon" ? argv : argv.slice(1));
    return { invocation: interpret(command, written) };
  } catch (error) {
    if (!(error instanceof Usage)) throw error;
    const words = command === "daemon" ? PROGRAM : `${PROGRAM} ${command}`;
    return { error: { message: error.message, hint: `Try '${words} --help'.` } };
  }
}

function findCommand(word: string): CommandName {
  const known = WRITTEN_COMMANDS.find((name) => name === word);
  if (known !== undefined) return known;
  const nearest = closest(word, WRITTEN_COMMANDS);
  throw new Usage(
    `unknown command ${quoteWord(word)}; ` +
      (nearest === undefined ? `commands: ${WRITTEN_COMMANDS.join(", ")}` : `did you mean ${nearest}?`),
  );
}

function scan(command: CommandName, argv: readonly string[]): Written {
  const values = new Map<OptionName, string>();
  const operands: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index]!;
    if (word === "--") {
      operands.push(...argv.slice(index + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      operands.push(word);
      continue;
    }
    const { name, attached } = splitOption(command, word);
    if (optionOf(name).value === undefined) {
      if (attached !== undefined) throw new Usage(`option --${name} takes no value`);
      values.set(name, "");
      // Whoever asks for help gets it, whatever else is wrong.
      if (name === "help" || name === "version") break;
    } else {
      values.set(name, attached ?? valueAfter(name, argv[++index]));
    }
  }
  return { values, operands };
}

function splitOption(command: CommandName, word: string): { name: OptionName; attached: string | undefined } {
  const { options } = commandOf(command);
  const equals = word.startsWith("--") ? word.indexOf("=") : -1;
  const flag = equals < 0 ? word : word.slice(0, equals);
  const attached = equals < 0 ? undefined : word.slice(equals + 1);
  const name = options.find((option) => {
    const { short } = optionOf(option);
    return flag === `--${option}` || (short !== undefined && flag === `-${short}`);
  });
  if (name !== undefined) return { name, attached };
  const nearest = closest(flag.replace(/^-+/, ""), options);
  throw new Usage(`unknown option ${quoteWord(flag)}${nearest === undefined ? "" : `; did you mean --${nearest}?`}`);
}

function valueAfter(name: OptionName, next: string | undefined): string {
  // A forgotten value would swallow the option behind it; one that does start with a dash can be attached.
  if (next === undefined || (next.startsWith("-") && next !== "-"))
    throw new Usage(`option --${name} needs a value: --${name}=${optionOf(name).value!.placeholder}`);
  return next;
}

function interpret(command: CommandName, written: Written): Invocation {
  const { values } = written;
  if (values.has("help")) return { command: "help", options: { about: command } };
  if (values.has("version")) return { command: "version", options: {} };
  const operand = readOperand(command, written.operands);
  const namespace = readNamespace(values);
  switch (command) {
    case "daemon":
      return { command, options: { ...readDaemon(values), ...namespace } };
    case "monitor":
      return { command, options: { json: values.has("json"), ...readSource(values), ...namespace } };
    case "record":
      return { command, options: { file: operand, ...namespace } };
    case "history":
      return { command, options: { ...readHistory(operand, values), ...namespace } };
    case "starts":
      return { command, options: { json: values.has("json"), ...readConfigFile(values), ...namespace } };
    case "status":
    case "alerts":
    case "trends":
      return { command, options: { ...readAdmin(values), ...namespace } };
    case "silence":
      return { command, options: { ...readSilence(operand, values), ...namespace } };
    case "unsilence":
      return { command, options: { ...readAdmin(values), id: operand, ...namespace } };
    case "export":
      return { command, options: { ...readExport(operand as ExportKind, values), ...namespace } };
    case "completion":
      return { command, options: { shell: operand as Shell } };
    case "man":
      return { command, options: {} };
  }
}

function readHistory(port: string, values: OptionValues): HistoryOptions {
  const since = values.get("since");
  if (since !== undefined && parseSince(since, Date.now()) === undefined) {
    throw new Usage(refuse("--since", since, ["30m", "1h", "2d", "2026-01-31T12:00"]));
  }
  return {
    ...(port && { port }),
    ...(since !== undefined && { since }),
    ...readConfigFile(values),
    json: values.has("json"),
  };
}

function readExport(kind: ExportKind, values: OptionValues): ExportOptions {
  const out = values.get("out");
  if (!out) throw new Usage("export needs --out: a directory, or - for the standard output");
  return { kind, out, ...readConfigFile(values) };
}

function readDaemon(values: OptionValues): DaemonOptions {
  const actions = ACTIONS.filter((name) => values.has(name));
  if (actions.length > 1) throw new Usage(`only one of ${actions.map((name) => `--${name}`).join(", ")} can be given`);
  return {
    ...readConfigFile(values),
    ...readChoice(values, "mode", "mode"),
    ...readChoice(values, "log-level", "logLevel"),
    ...readChoice(values, "log-format", "logFormat"),
    ...readChoice(values, "store", "store"),
    ...readSource(values),
    action: actions[0] ?? "run",
  };
}

/** The command's operand, "" for those that have none. */
function readOperand(command: CommandName, operands: readonly string[]): string {
  const { operand } = commandOf(command);
  const [first, ...others] = operands;
  if (operand === undefined) {
    if (first === undefined) return "";
    const isCommand = command === "daemon" && WRITTEN_COMMANDS.some((name) => name === first);
    throw new Usage(
      `unexpected argument ${quoteWord(first)}${isCommand ? "; a command comes before the options" : ""}`,
    );
  }
  if (first === undefined && operand.isOptional) return "";
  if (first === undefined || first === "") throw new Usage(`${command} needs an argument: ${operand.placeholder}`);
  if (others.length > 0) throw new Usage(`unexpected argument ${quoteWord(others[0]!)}`);
  if (operand.choices !== undefined && !operand.choices.includes(first))
    throw new Usage(refuse(command, first, operand.choices));
  return first;
}
