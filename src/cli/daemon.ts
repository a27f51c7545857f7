import { enterNetworkNamespace } from "../../ffi/libc.ts";
import { formatIssue } from "../config/issue.ts";
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
import { configFile, readSettings, tellIssues } from "./settings.ts";
import { openSource } from "./sources.ts";
import { VERSION } from "./version.ts";

const log = getLog("main");

/** Runs the daemon until it is told to stop, or does what the options ask for instead. Throws Failure and what Daemon.start throws. */
export async function runDaemon(options: DaemonOptions): Promise<ExitCode> {
  // First of all, and to the end: the default action of SIGHUP is to end the process, whatever it is about.
  let hangUp = (): void => {};
  process.on("SIGHUP", () => hangUp());
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
  let hasBegun = false;
  const daemon = new Daemon({
    config,
    source: openSource(options.source),
    openDatabase: openDatabases(config, options.store),
    clock: systemClock,
    notifier,
    env: process.env,
    once,
    isReal: (options.source?.kind ?? "kernel") === "kernel" && options.store !== "memory",
    version: VERSION,
    onBegin: () => (hasBegun = true),
    eoiuMs: settings.eoiuTimeoutSecs * 1000,
    applyLogger: (logger) => logs.applyLogger(logger),
  });
  const starting = daemon.begin().then(() => daemon);
  let running: Daemon | undefined;
  let isReloadDue = false;
  hangUp = () => {
    if (running) reload(running, logs, options);
    else isReloadDue = true;
  };
  await Promise.race([starting, stop ?? starting]);
  if (!hasBegun) {
    notifier.stopping(); // Redis is still awaited: nothing was taken in that would have to be published
    await daemon.close();
    return EXIT.ok;
  }
  const tooLate = stop?.then(() => elapsed(config.shutdown.timeout_secs * 1000));
  running = await Promise.race([starting, tooLate ?? starting]); // what has begun to be published is, before a stop
  if (!running) {
    log.warn("stopped before the start was complete");
    await daemon.close();
    return EXIT.ok;
  }
  Bun.unsafe.setJITPolicy(1); // the build delays compilation: what only starts the daemon is not worth the memory
  Bun.gc(true); // how far the heap may grow until the next collection depends on what is in use now
  if (isReloadDue) reload(running, logs, options);
  await stop;
  running = undefined;
  await daemon.stop();
  return EXIT.ok;
}

function elapsed(ms: number): Promise<undefined> {
  return new Promise((resolve) => systemClock.after(ms, () => resolve(undefined)));
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
    daemon.refuseReload();
    return;
  }
  logs.reload(settings.config.log.format, settings.level);
  daemon.reload(settings.config);
}
