import { formatMessage, type LogEntry } from "./entry.ts";
import { replaceForJson } from "./escape.ts";
import { formatLogLevel, type LogLevel, priorityOf } from "./level.ts";

/** The values of `[log] format` and `--log-format`. */
export const LOG_FORMATS = ["auto", "journal", "syslog", "json", "pretty"] as const;

/** One of the values of `[log] format`. */
export type LogFormat = (typeof LOG_FORMATS)[number];

/** What a message looks like in the end; plain is where auto arrives when there is nothing better. */
export type LineFormat = Exclude<LogFormat, "auto"> | "plain";

/** The values of LOGOUTPUT in `LOGGER|portsyncd` (rule 58); SYSLOG stands for the configured format. */
export const LOG_OUTPUTS = ["SYSLOG", "STDOUT", "STDERR"] as const;

/** One of the values of LOGOUTPUT. */
export type LogOutput = (typeof LOG_OUTPUTS)[number];

/** LOG_USER of <syslog.h>, the facility of a program that never called openlog (rule 57). */
const LOG_USER = 1;
const NAME = "portsyncd";
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;
// JSON.stringify leaves these as they are, yet a terminal acts on the first two groups and some readers split at the last.
const UNSAFE_IN_JSON = /[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/g;

const RESET = "\x1b[0m";
const DIM = "\x1b[2m";
const COLORS: Readonly<Record<LogLevel, string>> = {
  emerg: "\x1b[1;31m",
  alert: "\x1b[1;31m",
  crit: "\x1b[1;31m",
  error: "\x1b[31m",
  warn: "\x1b[33m",
  notice: "\x1b[36m",
  info: "\x1b[32m",
  debug: "\x1b[2m",
};

/** Reads LOGOUTPUT, in the upper case that SONiC writes; undefined when it is none of its values. */
export function parseLogOutput(text: string): LogOutput | undefined {
  return LOG_OUTPUTS.find((output) => output === text);
}

/** `:- category: message`, where the C++ daemon has the name of the function (rule 57). */
function formatText(entry: LogEntry): string {
  return `:- ${entry.category}: ${formatMessage(entry)}`;
}

/** A line for journald, which reads the priority from `<N>` (sd-daemon(3)). */
export function formatJournal(entry: LogEntry): string {
  return `<${priorityOf(entry.level)}>${entry.category}: ${formatMessage(entry)}\n`;
}

/** The datagram that vsyslog(3) sends, with the local time (rule 57). */
export function formatSyslog(entry: LogEntry): string {
  const time = new Date(entry.timestamp);
  const day = String(time.getDate()).padStart(2, " ");
  const clock = `${twoDigits(time.getHours())}:${twoDigits(time.getMinutes())}:${twoDigits(time.getSeconds())}`;
  const priority = LOG_USER * 8 + priorityOf(entry.level);
  return `<${priority}>${MONTHS[time.getMonth()]} ${day} ${clock} ${NAME}: ${formatText(entry)}`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}

/** One JSON object on a line. */
export function formatJson(entry: LogEntry): string {
  const { level, category, properties } = entry;
  const base = { time: new Date(entry.timestamp).toISOString(), level, category, message: formatMessage(entry) };
  return `${stringify({ ...base, properties }) ?? stringify(base)}\n`;
}

function stringify(value: object): string | undefined {
  try {
    return JSON.stringify(value, replaceForJson).replace(
      UNSAFE_IN_JSON,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  } catch {
    // A cycle or a throwing toJSON; the message still says what happened.
    return undefined;
  }
}

/** A line for a person at a terminal. */
export function formatPretty(entry: LogEntry, withColors: boolean): string {
  const time = new Date(entry.timestamp).toTimeString().slice(0, 8);
  const millis = String(new Date(entry.timestamp).getMilliseconds()).padStart(3, "0");
  const level = formatLogLevel(entry.level).padEnd(6);
  const message = formatMessage(entry);
  if (!withColors) return `${time}.${millis} ${level} ${entry.category}: ${message}\n`;
  return `${DIM}${time}.${millis}${RESET} ${COLORS[entry.level]}${level}${RESET} ${DIM}${entry.category}:${RESET} ${message}\n`;
}

/** A line where nothing better is known of the reader. */
export function formatPlain(entry: LogEntry): string {
  return `${formatLogLevel(entry.level)} ${formatText(entry)}\n`;
}

/** The line of LOGOUTPUT STDOUT and STDERR: `setw(6)` and the text with nothing between, as in the C++ logger (rule 58). */
export function formatStream(entry: LogEntry): string {
  return `${formatLogLevel(entry.level).padStart(6)}${formatText(entry)}\n`;
}

/** What decides how `auto` comes out. */
export interface LogSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stderrIsTty: boolean;
  /** `device:inode` of stderr, undefined where fstat failed. */
  readonly stderrInode: string | undefined;
  /** Whether a syslog socket can be sent to. */
  readonly hasSyslog: boolean;
}

/** The format in use: `auto` is journal under systemd, pretty on a terminal, syslog where there is a daemon, else plain. */
export function resolveFormat(format: LogFormat, surroundings: LogSurroundings): LineFormat {
  if (format !== "auto") return format;
  const journal = surroundings.env["JOURNAL_STREAM"];
  if (journal && (surroundings.stderrInode === undefined || surroundings.stderrInode === journal)) return "journal";
  if (surroundings.stderrIsTty) return "pretty";
  return surroundings.hasSyslog ? "syslog" : "plain";
}
