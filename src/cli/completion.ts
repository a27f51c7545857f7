import {
  type CommandName,
  commandOf,
  COMMANDS,
  type OptionName,
  optionOf,
  OPTIONS,
  PROGRAM,
  SHELLS,
  SOURCES,
  type Value,
  WRITTEN_COMMANDS,
} from "./options.ts";

const COMMAND_NAMES = Object.keys(COMMANDS) as CommandName[];
const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[];

/** What can be typed for a source before a file or number follows. */
const SOURCE_WORDS = SOURCES.map((form) => form.replace(/\[?:.*$/, (rest) => (rest.startsWith(":") ? ":" : "")));

/** The completion script for a shell. */
export function formatCompletion(shell: (typeof SHELLS)[number]): string {
  return { bash: formatBash, zsh: formatZsh, fish: formatFish }[shell]();
}

function flagsOf(name: OptionName): string[] {
  const { short } = optionOf(name);
  return short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`];
}

/** Text in single quotes for bash and zsh. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

const BASH_VALUES = `# bash completion of ${PROGRAM}
_${PROGRAM}_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -P "\${2-}" -- "$1")
}

_${PROGRAM}_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

# Where readline splits words at colons, replay: and its file are words of their own.
_${PROGRAM}_source() {
  local cur=$1
  if [[ $cur == replay:* ]]; then _${PROGRAM}_files "\${cur#replay:}" replay:
  else
    compopt -o nospace 2>/dev/null
    _${PROGRAM}_words ${quote(SOURCE_WORDS.join(" "))} "$cur"
  fi
}

`;

function formatBash(): string {
  const values = OPTION_NAMES.flatMap((name) => {
    const { value } = optionOf(name);
    return value === undefined ? [] : [`    --${name}) ${formatBashValue(value)} return ;;`];
  });
  const commands = COMMAND_NAMES.map((name) => {
    const { operand, options } = commandOf(name);
    const words = options.flatMap(flagsOf).join(" ");
    const files = operand?.complete === "file" ? ` [[ $cur == -* ]] || { _${PROGRAM}_files "$cur"; return; };` : "";
    return `    ${name})${files} words=${quote([words, ...(operand?.choices ?? [])].join(" "))} ;;`;
  });
  return `${BASH_VALUES}_${PROGRAM}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} option=\${COMP_WORDS[COMP_CWORD-1]} command=daemon words=
  COMPREPLY=()
  if [[ $option == : && \${COMP_WORDS[COMP_CWORD-2]} == replay ]]; then _${PROGRAM}_files "$cur"; return; fi
  if [[ $cur == : && $option == replay ]]; then _${PROGRAM}_files ""; return; fi
  # Readline splits words at = too.
  if [[ $cur == = ]]; then cur=
  elif [[ $option == = ]]; then option=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  case $option in
${values.join("\n")}
  esac
  if (( COMP_CWORD > 1 )); then
    case \${COMP_WORDS[1]} in ${WRITTEN_COMMANDS.join("|")}) command=\${COMP_WORDS[1]} ;; esac
  fi
  case $command in
${commands.join("\n")}
  esac
  (( COMP_CWORD == 1 )) && words+=${quote(` ${WRITTEN_COMMANDS.join(" ")}`)}
  _${PROGRAM}_words "$words" "$cur"
}

complete -F _${PROGRAM} ${PROGRAM}
`;
}

function formatBashValue(value: Value): string {
  if (value.choices !== undefined) return `_${PROGRAM}_words ${quote(value.choices.join(" "))} "$cur";`;
  if (value.complete === "file") return `_${PROGRAM}_files "$cur";`;
  return value.complete === "source" ? `_${PROGRAM}_source "$cur";` : "";
}

function formatZsh(): string {
  const cases = WRITTEN_COMMANDS.map(
    (name) => `    ${name}) shift words; (( CURRENT-- )); _arguments -s ${zshArguments(name)} ;;`,
  );
  const commands = WRITTEN_COMMANDS.map((name) => `    ${quote(`${name}:${commandOf(name).meaning}`)}`);
  return `#compdef ${PROGRAM}
_${PROGRAM}_source() {
  if compset -P 'replay:'; then _files; else compadd -S '' -- ${SOURCE_WORDS.join(" ")}; fi
}

_${PROGRAM}() {
  local -a commands
  commands=(
${commands.join("\n")}
  )
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe -t commands command commands
    return
  fi
  case $words[2] in
${cases.join("\n")}
    *) _arguments -s ${zshArguments("daemon")} ;;
  esac
}

if [[ $funcstack[1] == _${PROGRAM} ]]; then _${PROGRAM} "$@"; else compdef _${PROGRAM} ${PROGRAM}; fi
`;
}

function zshArguments(name: CommandName): string {
  const { operand, options } = commandOf(name);
  const specs = options.flatMap((option) => {
    const { meaning, value } = optionOf(option);
    const flags = flagsOf(option);
    const others = flags.length > 1 ? `(${flags.join(" ")})` : "";
    const text = meaning.replace(/[[\]\\]/g, "\\$&");
    return flags.map((flag) =>
      quote(`${others}${flag}${value === undefined ? "" : "="}[${text}]${value === undefined ? "" : zshValue(value)}`),
    );
  });
  if (operand !== undefined) specs.push(quote(`1${zshValue(operand)}`));
  return specs.join(" ");
}

function zshValue({ placeholder, choices, complete }: Value): string {
  const name = placeholder.replaceAll(":", "\\:");
  if (choices !== undefined) return `:${name}:(${choices.join(" ")})`;
  return `:${name}:${complete === "file" ? "_files" : complete === "source" ? `_${PROGRAM}_source` : ""}`;
}

function formatFish(): string {
  const start = `complete -c ${PROGRAM}`;
  const lines = [`# fish completion of ${PROGRAM}`, `${start} -f`];
  const none = `not __fish_seen_subcommand_from ${WRITTEN_COMMANDS.join(" ")}`;
  for (const name of WRITTEN_COMMANDS)
    lines.push(`${start} -n __fish_use_subcommand -a ${name} -d ${quoteFish(commandOf(name).meaning)}`);
  for (const name of COMMAND_NAMES) {
    const { operand, options } = commandOf(name);
    const when = `-n ${quoteFish(name === "daemon" ? none : `__fish_seen_subcommand_from ${name}`)}`;
    for (const option of options) {
      const { short, meaning, value } = optionOf(option);
      const flags = `${short === undefined ? "" : `-s ${short} `}-l ${option}`;
      lines.push(`${start} ${when} ${flags}${value === undefined ? "" : fishValue(value)} -d ${quoteFish(meaning)}`);
    }
    // What has neither words nor files to offer, such as a port, is left to the user.
    if (operand?.choices !== undefined || operand?.complete === "file")
      lines.push(
        `${start} ${when}${operand.complete === "file" ? " -F" : ` -a ${quoteFish(operand.choices!.join(" "))}`}`,
      );
  }
  return `${lines.join("\n")}\n`;
}

function quoteFish(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

function fishValue({ choices, complete }: Value): string {
  if (complete === "file") return " -r -F";
  const words = choices ?? (complete === "source" ? SOURCE_WORDS : []);
  return words.length === 0 ? " -x" : ` -x -a '${words.join(" ")}'`;
}
