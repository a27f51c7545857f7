import { enterNetworkNamespace } from "../../ffi/libc.ts";
import { type ConfigIssue, formatIssue } from "../config/issue.ts";
import { formatConfig } from "../config/print.ts";
import { Daemon } from "../daemon.ts";
import { getLog } from "../log/logger.ts";
import { Notifier } from "../systemd/notify.ts";
import { systemClock } from "../util/clock.ts";
import { openDatabases } from "./databases.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { LogControl } from "./logcontrol.ts";
import { printText } from "./output.ts";
import type { DaemonOptions } from "./parse.ts";
import { configFile, readSettings } from "./settings.ts";
import { openSource } from "./sources.ts";

const log = getLog("main");

/** Runs the daemon until it is told to stop, or does what the options ask for instead. Throws Failure and what Daemon.start throws. */
export async function runDaemon(options: DaemonOptions): Promise<ExitCode> {
  const settings = readSettings(options, process.env);
  if (settings.issues) return tellIssues(settings.issues);
  const { config } = settings;
  if (options.action === "check-config") {
    await printText(`${configFile(options)}: ok`);
    return EXIT.ok;
  }
  if (options.action === "print-config") {
    await printText(formatConfig(config));
    return EXIT.ok;
  }
  using logs = new LogControl(config.log.format, settings.level, process.env);
  const notifier = openNotifier(); // before the namespace is entered: an abstract socket is in that of the service manager
  if (config.namespace !== "") enterNetworkNamespace(`/var/run/netns/${config.namespace}`);
  const once = options.action === "once";
  const stop = once ? undefined : stopSignal();
  const starting = Daemon.start({
    config,
    source: openSource(options.source),
    openDatabase: openDatabases(config, options.store),
    clock: systemClock,
    notifier,
    env: process.env,
    once,
    eoiuMs: settings.eoiuTimeoutSecs * 1000,
    applyLogger: (logger) => logs.applyLogger(logger),
  });
  const onHangup = () => void starting.then((daemon) => reload(daemon, logs, options));
  process.on("SIGHUP", onHangup);
  // A stop while Redis is awaited ends at once: nothing was taken in that would have to be published.
  const daemon = await Promise.race([starting, stop?.then(() => undefined) ?? starting]);
  if (!daemon) {
    notifier.stopping();
    return EXIT.ok;
  }
  await stop;
  process.off("SIGHUP", onHangup);
  await daemon.stop();
  return EXIT.ok;
}

function tellIssues(issues: readonly ConfigIssue[]): ExitCode {
  for (const issue of issues) process.stderr.write(`${formatIssue(issue)}\n`);
  return EXIT.config;
}

/** A NOTIFY_SOCKET that cannot be one is told and costs nothing else, as with sd_notify(3). */
function openNotifier(): Notifier {
  try {
    return new Notifier(process.env["NOTIFY_SOCKET"]);
  } catch (error) {
    log.error("NOTIFY_SOCKET cannot be used: {error}", { error: error instanceof Error ? error.message : error });
    return new Notifier(undefined);
  }
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

function reload(daemon: Daemon, logs: LogControl, options: DaemonOptions): void {
  const settings = readSettings(options, process.env);
  if (settings.issues) {
    for (const issue of settings.issues) log.error("{issue}", { issue: formatIssue(issue) });
    log.error("the configuration is kept as it was: {count} issues", { count: settings.issues.length });
    return;
  }
  logs.reload(settings.config.log.format, settings.level);
  daemon.reload(settings.config);
}
