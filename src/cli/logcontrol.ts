import { type LogFormat, parseLogOutput } from "../log/format.ts";
import { DEFAULT_LOG_LEVEL, type LogLevel, parseSonicLogLevel } from "../log/level.ts";
import { getLog } from "../log/logger.ts";
import { type Logging, setupLogging, SYSLOG_SOCKET } from "../log/setup.ts";
import type { LoggerSettings } from "../swss/logger.ts";
import { UnixDatagramSender } from "../util/unixdatagram.ts";

const log = getLog("logging");

/** Decides the log level: what the operator of this process asked for, else what LOGGER|portsyncd says (rule 58). */
export class LogControl implements Disposable {
  readonly #logging: Logging;
  #asked: LogLevel | undefined;
  #logger: LogLevel = DEFAULT_LOG_LEVEL;

  /** Starts the logging; `asked` is undefined when LOGGER|portsyncd decides. */
  constructor(format: LogFormat, asked: LogLevel | undefined, env: Readonly<Record<string, string | undefined>>) {
    let syslog: UnixDatagramSender | undefined;
    this.#asked = asked;
    this.#logging = setupLogging({
      format,
      level: asked ?? DEFAULT_LOG_LEVEL,
      env,
      syslogSend: (bytes) => (syslog ??= new UnixDatagramSender(SYSLOG_SOCKET)).send(bytes),
    });
  }

  /** Takes over what LOGGER|portsyncd says; a bad value is told and the default taken, as in the C++ daemon. */
  applyLogger({ level, output }: LoggerSettings): void {
    const known = parseSonicLogLevel(level);
    const knownOutput = parseLogOutput(output);
    this.#logger = known ?? DEFAULT_LOG_LEVEL;
    this.#logging.setLevel(this.#asked ?? this.#logger);
    this.#logging.setOutput(knownOutput ?? "SYSLOG");
    if (!known) log.error("LOGGER|portsyncd LOGLEVEL is {level}; NOTICE is used", { level });
    if (!knownOutput) log.error("LOGGER|portsyncd LOGOUTPUT is {output}; SYSLOG is used", { output });
  }

  /** Takes over what the operator asks for now. */
  reload(format: LogFormat, asked: LogLevel | undefined): void {
    this.#asked = asked;
    this.#logging.setLevel(asked ?? this.#logger);
    this.#logging.setFormat(format);
  }

  [Symbol.dispose](): void {
    this.#logging[Symbol.dispose]();
  }
}
