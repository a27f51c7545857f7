import { enterNetworkNamespace } from "../../ffi/libc.ts";
import { type ConfigIssue, formatIssue } from "../config/issue.ts";
import { formatConfig } from "../config/print.ts";
import { Daemon } from "../daemon.ts";
import { type LogFormat, parseLogOutput } from "../log/format.ts";
import { DEFAULT_LOG_LEVEL, type LogLevel, parseSonicLogLevel } from "../log/level.ts";
import { getLog } from "../log/logger.ts";
import { type Logging, setupLogging, SYSLOG_SOCKET } from "../log/setup.ts";
import type { LoggerSettings } from "../swss/logger.ts";
import { Notifier } from "../systemd/notify.ts";
import { systemClock } from "../util/clock.ts";
import { UnixDatagramSender } from "../util/unixdatagram.ts";
import { openDatabases } from "./databases.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import type { DaemonOptions } from "./parse.ts";
import { configFile, readSettings } from "./settings.ts";
import { openSource } from "./sources.ts";

const log = getLog("main");

/** Runs the daemon until it is told to stop, or does what the options ask for instead. Throws what Daemon.start throws. */
export async function runDaemon(options: DaemonOptions): Promise<ExitCode> {
  const settings = readSettings(options, process.env);
  if (settings.issues) return tellIssues(settings.issues);
  const { config } = settings;
  if (options.action === "check-config") {
    process.stdout.write(`${configFile(options)}: ok\n`);
    return EXIT.ok;
  }
  if (options.action === "print-config") {
    process.stdout.write(formatConfig(config));
    return EXIT.ok;
  }
  if (config.namespace !== "") enterNetworkNamespace(`/var/run/netns/${config.namespace}`);
  using logging = startLogging(config.log.format, settings.level);
  const openDatabase = openDatabases(config, options.store);
  const once = options.action === "once";
  const stop = once ? undefined : stopSignal();
  const starting = Daemon.start({
    config,
    source: openSource(options.source),
    openDatabase,
    clock: systemClock,
    notifier: new Notifier(process.env["NOTIFY_SOCKET"]),
    env: process.env,
    once,
    eoiuMs: settings.eoiuTimeoutSecs * 1000,
    applyLogger: (logger) => applyLogger(logging, logger, settings.level === undefined),
  });
  // A stop while Redis is awaited ends at once: nothing was taken in that would have to be published.
  const onHangup = () => void starting.then((daemon) => reload(daemon, logging, options));
  process.on("SIGHUP", onHangup);
  const daemon = await Promise.race([starting, stop?.then(() => undefined) ?? starting]);
  if (!daemon) return EXIT.ok;
  await stop;
  process.off("SIGHUP", onHangup);
  await daemon.stop();
  return EXIT.ok;
}

function tellIssues(issues: readonly ConfigIssue[]): ExitCode {
  for (const issue of issues) process.stderr.write(`${formatIssue(issue)}\n`);
  return EXIT.config;
}

function startLogging(format: LogFormat, level: LogLevel = DEFAULT_LOG_LEVEL): Logging {
  let syslog: UnixDatagramSender | undefined;
  return setupLogging({
    format,
    level,
    syslogSend: (bytes) => (syslog ??= new UnixDatagramSender(SYSLOG_SOCKET)).send(bytes),
  });
}

/** Resolves with the first SIGTERM or SIGINT; the second ends the process at once, as a kill would. */
function stopSignal(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let signals = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (++signals === 1) {
      log.notice("{signal}: stopping", { signal });
      resolve();
    } else {
      log.warn("{signal} again: ending at once", { signal });
      process.exit(128 + (signal === "SIGINT" ? 2 : 15));
    }
  };
  process.on("SIGTERM", onSignal).on("SIGINT", onSignal);
  return promise;
}

/** What LOGGER|portsyncd says of the level counts unless the operator of this process said otherwise (rule 58). */
function applyLogger(logging: Logging, { level, output }: LoggerSettings, mayLevel: boolean): void {
  const known = parseSonicLogLevel(level);
  const knownOutput = parseLogOutput(output);
  if (mayLevel) logging.setLevel(known ?? DEFAULT_LOG_LEVEL);
  logging.setOutput(knownOutput ?? "SYSLOG");
  if (!known) log.error("LOGGER|portsyncd LOGLEVEL is {level}; NOTICE is used", { level });
  if (!knownOutput) log.error("LOGGER|portsyncd LOGOUTPUT is {output}; SYSLOG is used", { output });
}

function reload(daemon: Daemon, logging: Logging, options: DaemonOptions): void {
  const settings = readSettings(options, process.env);
  if (settings.issues) {
    for (const issue of settings.issues) log.error("{issue}", { issue: formatIssue(issue) });
    log.error("the configuration is kept as it was: {count} issues", { count: settings.issues.length });
    return;
  }
  if (settings.level !== undefined) logging.setLevel(settings.level);
  logging.setFormat(settings.config.log.format);
  daemon.reload(settings.config);
}
