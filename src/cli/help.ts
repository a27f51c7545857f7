import {
  type CommandName,
  commandOf,
  COMMANDS,
  formatOption,
  formatSynopsis,
  type OptionName,
  optionOf,
  PROGRAM,
  SUMMARY,
  WRITTEN_COMMANDS,
} from "./options.ts";

const WIDTH = 80;
const MOST_TERM_WIDTH = 28;

/** The text of --help, for the whole program ("daemon") or for one command. */
export function formatHelp(about: CommandName): string {
  return about === "daemon" ? formatProgramHelp() : formatCommandHelp(about);
}

function formatProgramHelp(): string {
  const commands = WRITTEN_COMMANDS.map((name): [string, string] => [
    [name, commandOf(name).operand?.placeholder ?? ""].join(" ").trim(),
    commandOf(name).meaning,
  ]);
  const usages = [formatSynopsis("daemon"), `${PROGRAM} COMMAND [OPTION]...`];
  return [
    `${PROGRAM} ${SUMMARY}.`,
    "",
    ...usages.map((usage, index) => `${index === 0 ? "Usage:" : "      "} ${usage}`),
    "",
    "Without a command it runs as the daemon, in the foreground.",
    "",
    "Commands:",
    ...formatTerms(commands),
    "",
    "Options of the daemon:",
    ...formatOptions(COMMANDS.daemon.options),
    "",
    `See '${PROGRAM} COMMAND --help' for a command, '${PROGRAM} man | man -l -' for everything.`,
    "",
  ].join("\n");
}

function formatCommandHelp(name: CommandName): string {
  const { meaning, options } = commandOf(name);
  return [meaning, "", `Usage: ${formatSynopsis(name)}`, "", "Options:", ...formatOptions(options), ""].join("\n");
}

function formatOptions(names: readonly OptionName[]): string[] {
  return formatTerms(names.map((name) => [formatOption(name), optionOf(name).meaning]));
}

/** Two columns; a term too wide for the first stands on its own line, and meanings wrap. */
function formatTerms(terms: readonly (readonly [string, string])[]): string[] {
  const column = Math.min(MOST_TERM_WIDTH, Math.max(...terms.map(([term]) => term.length))) + 4;
  return terms.flatMap(([term, meaning]) => {
    const lines = wrap(meaning, WIDTH - column).map((line) => " ".repeat(column) + line);
    const start = `  ${term}`;
    if (start.length > column - 2) return [start, ...lines];
    return [start.padEnd(column) + lines[0]!.slice(column), ...lines.slice(1)];
  });
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
