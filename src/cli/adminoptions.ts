import type { Severity } from "../alert/rule.ts";
import { LONGEST_SILENCE_SECONDS } from "../alert/silence.ts";
import { quoteWord } from "../log/escape.ts";
import { parseDuration } from "../util/duration.ts";
import { type OptionValues, readChoice, readConfigFile } from "./optionvalues.ts";
import { Usage } from "./usage.ts";

/** The options of commands that ask the running daemon. */
export interface AdminOptions {
  readonly json: boolean;
  /** Names the admin socket. */
  readonly config?: string;
  readonly namespace?: string;
}

/** The operand and options of `silence`. */
export interface SilenceOptions extends AdminOptions {
  /** The id of a rule, * for any characters. */
  readonly rule: string;
  readonly severity?: Severity;
  readonly port?: string;
  readonly reason: string;
  readonly seconds: number;
}

/** The operand and options of `unsilence`. */
export interface UnsilenceOptions extends AdminOptions {
  readonly id: string;
}

/** Reads the options that all commands have that ask the running daemon. Throws Usage. */
export function readAdmin(values: OptionValues): AdminOptions {
  return { json: values.has("json"), ...readConfigFile(values) };
}

/** Reads what `silence` is asked for. Throws Usage. */
export function readSilence(rule: string, values: OptionValues): SilenceOptions {
  const [duration, reason, port] = [values.get("for"), values.get("reason"), values.get("port")];
  if (duration === undefined) throw new Usage("silence needs --for: a silence for ever is a disabled rule");
  if (!reason?.trim()) throw new Usage("silence needs --reason, for those who wonder");
  const seconds = (parseDuration(duration) ?? 0) / 1000;
  if (seconds <= 0) throw new Usage(`${quoteWord(duration)} is not allowed for --for, allowed: 30m, 2h, 1d`);
  if (seconds > LONGEST_SILENCE_SECONDS) throw new Usage(`--for can be at most ${LONGEST_SILENCE_SECONDS / 86_400}d`);
  const options = { ...readAdmin(values), ...readChoice(values, "severity", "severity"), rule, reason, seconds };
  return port === undefined ? options : { ...options, port };
}
