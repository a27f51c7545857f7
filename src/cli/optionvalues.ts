import { isNamespace } from "../config/namespace.ts";
import { quoteWord } from "../log/escape.ts";
import { type OptionName, OPTIONS, SOURCES } from "./options.ts";
import { parseSource, type SourceChoice } from "./source.ts";
import { refuse, Usage } from "./usage.ts";

/** The options that were written, each with its last value, "" for a flag. */
export type OptionValues = ReadonlyMap<OptionName, string>;

/** `{config}` when --config was given. Throws Usage. */
export function readConfigFile(values: OptionValues): { config?: string } {
  const config = values.get("config");
  if (config === "") throw new Usage("option --config needs a file");
  return config === undefined ? {} : { config };
}

type ChoiceName = "mode" | "log-level" | "log-format" | "store" | "severity";
type ChoiceOf<N extends ChoiceName> = (typeof OPTIONS)[N]["value"]["choices"][number];

/** `{property: value}` when the option was given, with one of the words that the table allows. Throws Usage. */
export function readChoice<N extends ChoiceName, P extends string>(
  values: OptionValues,
  name: N,
  property: P,
): { [K in P]?: ChoiceOf<N> } {
  const value = values.get(name);
  if (value === undefined) return {};
  const choices: readonly string[] = OPTIONS[name].value.choices;
  if (!choices.includes(value)) throw new Usage(refuse(`--${name}`, value, choices));
  return { [property]: value } as { [K in P]?: ChoiceOf<N> };
}

/** `{source}` when --source was given. Throws Usage. */
export function readSource(values: OptionValues): { source?: SourceChoice } {
  const value = values.get("source");
  if (value === undefined) return {};
  const source = parseSource(value);
  if (source === undefined) throw new Usage(refuse("--source", value, SOURCES));
  return { source };
}

/** `{namespace}` when --namespace was given. Throws Usage. */
export function readNamespace(values: OptionValues): { namespace?: string } {
  const value = values.get("namespace");
  if (value === undefined) return {};
  if (!isNamespace(value)) throw new Usage(`${quoteWord(value)} cannot be a namespace; it needs a name such as asic0`);
  return { namespace: value };
}
