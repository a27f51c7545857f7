import { SEVERITIES } from "../alert/rule.ts";
import { MODES } from "../config/schema.ts";
import { LOG_FORMATS } from "../log/format.ts";
import { LOG_LEVELS } from "../log/level.ts";

/** The program's name in every text. */
export const PROGRAM = "portsyncd";

/** What the program does, in one line. */
export const SUMMARY = "keeps SONiC's STATE_DB equal to the Linux kernel's link state";

/** The configuration file that may be absent. */
export const DEFAULT_CONFIG_FILE = "/etc/sonic/portsyncd.conf";

/** The values of --store. */
export const STORES = ["redis", "memory"] as const;

/** The shells that have a completion. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** What can be written for other programs of a fleet. */
export const EXPORT_KINDS = ["prometheus-rules", "promql", "alertmanager", "grafana"] as const;

/** One of the things that can be written for other programs. */
export type ExportKind = (typeof EXPORT_KINDS)[number];

/** The forms of --source: `name`, `name:VALUE` or `name[:VALUE]`. */
export const SOURCES = ["kernel", "replay:FILE", "simulate[:PORTS]"] as const;

/** An argument of an option or command. */
export interface Value {
  /** How help names it. */
  readonly placeholder: string;
  /** The allowed words; absent when any text will do. */
  readonly choices?: readonly string[];
  /** What a shell completes where there are no choices; a source is a word that may go on with a file. */
  readonly complete?: "file" | "source";
  /** An operand that may be left out. */
  readonly isOptional?: true;
}

/** One option of the command line; without a value it is a flag. */
export interface Option {
  readonly short?: string;
  readonly value?: Value;
  readonly meaning: string;
}

const FILE: Value = { placeholder: "FILE", complete: "file" };

/** Every option by its name without the dashes. */
export const OPTIONS = {
  config: { value: FILE, meaning: `Read the configuration from FILE instead of ${DEFAULT_CONFIG_FILE}.` },
  mode: {
    value: { placeholder: MODES.join("|"), choices: MODES },
    meaning: "Run on a SONiC switch, or standalone on a plain Linux machine.",
  },
  namespace: { value: { placeholder: "NAME" }, meaning: "Work in the network namespace of this ASIC, such as asic0." },
  "log-level": {
    value: { placeholder: "LEVEL", choices: LOG_LEVELS },
    meaning: `Log this level and what is more severe: ${LOG_LEVELS.join(", ")}.`,
  },
  "log-format": {
    value: { placeholder: "FORMAT", choices: LOG_FORMATS },
    meaning: `Log in this format: ${LOG_FORMATS.join(", ")}.`,
  },
  source: {
    value: { placeholder: "SOURCE", complete: "source" },
    meaning: `Take the links from ${SOURCES.join(", ")}.`,
  },
  store: {
    value: { placeholder: STORES.join("|"), choices: STORES },
    meaning: "Write the states to Redis, or keep them in memory.",
  },
  "check-config": { meaning: "Check the configuration, print every issue, and exit." },
  "print-config": { meaning: "Print the effective configuration and exit." },
  once: { meaning: "Publish the state of every port once and exit." },
  json: { meaning: "Print one JSON object a line." },
  since: {
    value: { placeholder: "TIME" },
    meaning: "Print what came after TIME: 30m, 1h, 2d ago or 2026-01-31T12:00.",
  },
  for: { value: { placeholder: "DURATION" }, meaning: "Keep quiet for DURATION: 30m, 2h or 1d." },
  reason: { value: { placeholder: "TEXT" }, meaning: "Say why, for those who wonder." },
  port: {
    value: { placeholder: "NAME" },
    meaning: "Only alerts about the port NAME, in which * is for any characters.",
  },
  severity: {
    value: { placeholder: SEVERITIES.join("|"), choices: SEVERITIES },
    meaning: "Only alerts of this severity.",
  },
  out: {
    value: { placeholder: "DIR", complete: "file" },
    meaning: "Write the files to DIR, which is made if need be; - for the standard output, where it is one file.",
  },
  version: { short: "V", meaning: "Print the version and exit." },
  help: { short: "h", meaning: "Print this help and exit." },
} as const satisfies Readonly<Record<string, Option>>;

/** The name of an option. */
export type OptionName = keyof typeof OPTIONS;

/** One command of the command line. */
export interface Command {
  readonly operand?: Value;
  readonly options: readonly OptionName[];
  readonly meaning: string;
}

/** Every command by its name; "daemon" is what runs when none is given, and cannot be written. */
export const COMMANDS = {
  daemon: {
    options: [
      "config",
      "mode",
      "namespace",
      "log-level",
      "log-format",
      "source",
      "store",
      "check-config",
      "print-config",
      "once",
      "version",
      "help",
    ],
    meaning: "Run the daemon in the foreground.",
  },
  monitor: { options: ["json", "source", "namespace", "help"], meaning: "Print link events, one a line." },
  record: {
    operand: FILE,
    options: ["namespace", "help"],
    meaning: "Write raw netlink messages to FILE, in the format of rtmon(8).",
  },
  history: {
    operand: { placeholder: "[PORT]", isOptional: true },
    options: ["since", "json", "config", "namespace", "help"],
    meaning: "Print how ports changed, the newest last, from the store.",
  },
  starts: {
    options: ["json", "config", "namespace", "help"],
    meaning: "Print when and how the daemon started, and whether it ended cleanly, from the store.",
  },
  status: {
    options: ["json", "config", "namespace", "help"],
    meaning: "Print how the running daemon is, and why.",
  },
  alerts: {
    options: ["json", "config", "namespace", "help"],
    meaning: "Print the alerts of the running daemon, the most urgent first.",
  },
  silence: {
    operand: { placeholder: "RULE" },
    options: ["for", "reason", "port", "severity", "json", "config", "namespace", "help"],
    meaning: "Keep quiet about alerts of RULE, in which * is for any characters, for some time.",
  },
  unsilence: {
    operand: { placeholder: "ID" },
    options: ["json", "config", "namespace", "help"],
    meaning: "End a silence before its time; 'alerts' prints its ID.",
  },
  trends: {
    options: ["json", "config", "namespace", "help"],
    meaning: "Print where things are going, and which ports flap.",
  },
  export: {
    operand: { placeholder: "KIND", choices: EXPORT_KINDS },
    options: ["out", "config", "namespace", "help"],
    meaning: "Write prometheus-rules, promql, alertmanager or grafana files to watch a fleet with.",
  },
  completion: {
    operand: { placeholder: SHELLS.join("|"), choices: SHELLS },
    options: ["help"],
    meaning: "Print the completion for a shell.",
  },
  man: { options: ["help"], meaning: "Print the man page, in roff." },
} as const satisfies Readonly<Record<string, Command>>;

/** The name of a command. */
export type CommandName = keyof typeof COMMANDS;

/** The commands that can be written on the command line. */
export const WRITTEN_COMMANDS = [
  "monitor",
  "record",
  "history",
  "starts",
  "status",
  "alerts",
  "silence",
  "unsilence",
  "trends",
  "export",
  "completion",
  "man",
] as const satisfies readonly CommandName[];

/** The command as {@link Command}, with its optional properties. */
export function commandOf(name: CommandName): Command {
  return COMMANDS[name];
}

/** The option as {@link Option}, with its optional properties. */
export function optionOf(name: OptionName): Option {
  return OPTIONS[name];
}

/** `-h, --help` or `--config FILE`. */
export function formatOption(name: OptionName): string {
  const { short, value } = optionOf(name);
  return `${short === undefined ? "" : `-${short}, `}--${name}${value === undefined ? "" : ` ${value.placeholder}`}`;
}

/** `portsyncd monitor [OPTION]...`. */
export function formatSynopsis(name: CommandName): string {
  const { operand } = commandOf(name);
  const words: string[] = [PROGRAM];
  if (name !== "daemon") words.push(name);
  words.push("[OPTION]...");
  if (operand !== undefined) words.push(operand.placeholder);
  return words.join(" ");
}
