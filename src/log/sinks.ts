import type { LogEntry } from "./entry.ts";
import {
  formatJournal,
  formatJson,
  formatPlain,
  formatPretty,
  formatStream,
  formatSyslog,
  type LineFormat,
  type LogOutput,
} from "./format.ts";
import type { LogStream } from "./stream.ts";

/** Takes one message to its reader; false when it was lost. */
export type LogSink = (entry: LogEntry) => boolean;

/** Sends one datagram to the syslog socket; false when nobody took it. */
export type SyslogSend = (bytes: Uint8Array) => boolean;

/** Where a sink can write. */
export interface LogTargets {
  readonly stderr: LogStream;
  readonly stdout: LogStream;
  readonly syslogSend: SyslogSend | undefined;
  readonly withColors: boolean;
}

/** The sink of LOGOUTPUT: SYSLOG means the configured format, the others plain text on that stream (rule 58). */
export function openSink(output: LogOutput, format: LineFormat, targets: LogTargets): LogSink {
  const { stderr, stdout } = targets;
  if (output === "STDOUT") return (entry) => stdout.write(formatStream(entry));
  if (output === "STDERR") return (entry) => stderr.write(formatStream(entry));
  switch (format) {
    case "journal":
      return (entry) => stderr.write(formatJournal(entry));
    case "json":
      return (entry) => stderr.write(formatJson(entry));
    case "pretty":
      return (entry) => stderr.write(formatPretty(entry, targets.withColors));
    case "syslog":
      return openSyslogSink(targets);
    case "plain":
      return (entry) => stderr.write(formatPlain(entry));
  }
}

function openSyslogSink({ stderr, syslogSend }: LogTargets): LogSink {
  const encoder = new TextEncoder();
  return (entry) => {
    if (syslogSend?.(encoder.encode(formatSyslog(entry)))) return true;
    return stderr.write(formatPlain(entry));
  };
}
