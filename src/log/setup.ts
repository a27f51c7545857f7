import { existsSync } from "node:fs";

import { configureSync, type LogRecord, resetSync } from "@logtape/logtape";

import type { LogEntry } from "./entry.ts";
import { type LineFormat, type LogFormat, type LogOutput, resolveFormat } from "./format.ts";
import { fromLogTapeLevel, type LogLevel, parseLogLevel } from "./level.ts";
import { LOG_ROOT, setThreshold, SEVERITY } from "./logger.ts";
import { type LogSink, type LogTargets, openSink, type SyslogSend } from "./sinks.ts";
import { type LogStream, openLogStream } from "./stream.ts";

/** The socket that vsyslog(3) sends to. */
export const SYSLOG_SOCKET = "/dev/log";

/** What the logging is set up from; the streams and the socket are by default those of the process. */
export interface LoggingOptions {
  readonly format: LogFormat;
  readonly level: LogLevel;
  readonly output?: LogOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stderr?: LogStream;
  readonly stdout?: LogStream;
  readonly syslogSend?: SyslogSend;
  readonly hasSyslogSocket?: boolean;
}

/** The logging of the process; each change takes effect with the next message, and none is lost in between. */
export interface Logging extends Disposable {
  readonly setLevel: (level: LogLevel) => void;
  readonly setOutput: (output: LogOutput) => void;
  readonly setFormat: (format: LogFormat) => void;
  /** The level, output and resolved format in use. */
  readonly current: () => { readonly level: LogLevel; readonly output: LogOutput; readonly format: LineFormat };
  /** How many messages no reader took. */
  readonly lostCount: () => number;
}

/** Starts the logging; every sink writes before it returns, so there is nothing to flush. */
export function setupLogging(options: LoggingOptions): Logging {
  const stderr = options.stderr ?? openLogStream(2);
  const stdout = options.stdout ?? openLogStream(1);
  const { env, syslogSend } = options;
  const hasSyslog = syslogSend !== undefined && (options.hasSyslogSocket ?? existsSync(SYSLOG_SOCKET));
  const targets: LogTargets = { stderr, stdout, syslogSend, withColors: stderr.isTty && !env["NO_COLOR"] };
  const resolve = (format: LogFormat): LineFormat =>
    resolveFormat(format, { env, stderrIsTty: stderr.isTty, stderrInode: stderr.inode, hasSyslog });

  let level = options.level;
  let output = options.output ?? "SYSLOG";
  let format = resolve(options.format);
  let sink: LogSink = openSink(output, format, targets);
  let lost = 0;
  let told = 0;
  configureLogTape((record) => {
    const entry = toEntry(record);
    if (!sink(entry)) lost++;
    else if (lost > told) {
      sink({
        ...entry,
        level: "warn",
        category: "log",
        parts: [`${lost - told} lines could not be written`],
        properties: {},
      });
      told = lost;
    }
  });
  setThreshold(level);

  return {
    setLevel: (next) => setThreshold((level = next)),
    setOutput: (next) => void (sink = openSink((output = next), format, targets)),
    setFormat: (next) => void (sink = openSink(output, (format = resolve(next)), targets)),
    current: () => ({ level, output, format }),
    lostCount: () => lost,
    [Symbol.dispose]: () => {
      setThreshold(undefined);
      resetSync();
    },
  };
}

function configureLogTape(sink: (record: LogRecord) => void): void {
  configureSync({
    reset: true,
    sinks: { sink },
    loggers: [
      { category: LOG_ROOT, sinks: ["sink"], lowestLevel: "trace" },
      // LogTape reports here that a sink threw; it bypasses that sink, and ours is the only one.
      { category: ["logtape", "meta"], sinks: [], lowestLevel: "fatal" },
    ],
  });
}

function toEntry(record: LogRecord): LogEntry {
  const { [SEVERITY]: severity, ...properties } = record.properties;
  const fatalLevel = record.level === "fatal" && typeof severity === "string" ? parseLogLevel(severity) : undefined;
  return {
    level: fatalLevel ?? fromLogTapeLevel(record.level),
    category: record.category.slice(1).join("."),
    parts: record.message,
    properties: record.level === "fatal" ? properties : record.properties,
    timestamp: record.timestamp,
  };
}
