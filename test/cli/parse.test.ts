import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { COMMANDS, OPTIONS, WRITTEN_COMMANDS } from "../../src/cli/options.ts";
import { type Invocation, parse } from "../../src/cli/parse.ts";

function read(line: string): Invocation | undefined {
  return parse(line === "" ? [] : line.split(" ")).invocation;
}

function messageOf(line: string): string | undefined {
  return parse(line.split(" ")).error?.message;
}

const DAEMON = { command: "daemon", options: { action: "run" } } as const;

const READ: readonly (readonly [string, unknown])[] = [
  ["", DAEMON],
  ["--", DAEMON],
  ["--config f", { ...DAEMON, options: { config: "f", action: "run" } }],
  ["--config=f=g", { ...DAEMON, options: { config: "f=g", action: "run" } }],
  ["--config=-f", { ...DAEMON, options: { config: "-f", action: "run" } }],
  ["--mode sonic --mode=standalone", { ...DAEMON, options: { mode: "standalone", action: "run" } }],
  [
    "--namespace asic0 --log-level debug --log-format json --store memory",
    {
      ...DAEMON,
      options: { namespace: "asic0", logLevel: "debug", logFormat: "json", store: "memory", action: "run" },
    },
  ],
  ["--source kernel", { ...DAEMON, options: { source: { kind: "kernel" }, action: "run" } }],
  ["--source replay:a:b", { ...DAEMON, options: { source: { kind: "replay", file: "a:b" }, action: "run" } }],
  ["--source=simulate", { ...DAEMON, options: { source: { kind: "simulate", portCount: 32 }, action: "run" } }],
  ["--source simulate:4096", { ...DAEMON, options: { source: { kind: "simulate", portCount: 4096 }, action: "run" } }],
  ["--check-config", { ...DAEMON, options: { action: "check-config" } }],
  ["--print-config", { ...DAEMON, options: { action: "print-config" } }],
  ["--once", { ...DAEMON, options: { action: "once" } }],
  ["monitor", { command: "monitor", options: { json: false } }],
  [
    "monitor --json --namespace asic0 --source kernel",
    { command: "monitor", options: { json: true, namespace: "asic0", source: { kind: "kernel" } } },
  ],
  ["record f", { command: "record", options: { file: "f" } }],
  ["record f --namespace asic1", { command: "record", options: { file: "f", namespace: "asic1" } }],
  ["record -- -f", { command: "record", options: { file: "-f" } }],
  ["record -", { command: "record", options: { file: "-" } }],
  ["export grafana --out d", { command: "export", options: { kind: "grafana", out: "d" } }],
  ["export promql --out -", { command: "export", options: { kind: "promql", out: "-" } }],
  [
    "export prometheus-rules --config f --namespace asic0 --out=-d",
    { command: "export", options: { kind: "prometheus-rules", out: "-d", config: "f", namespace: "asic0" } },
  ],
  ["completion zsh", { command: "completion", options: { shell: "zsh" } }],
  ["man", { command: "man", options: {} }],
  ["--help", { command: "help", options: { about: "daemon" } }],
  ["-h", { command: "help", options: { about: "daemon" } }],
  ["--once --help --nonsense", { command: "help", options: { about: "daemon" } }],
  ["record --help", { command: "help", options: { about: "record" } }],
  ["--version", { command: "version", options: {} }],
  ["-V", { command: "version", options: {} }],
  ["history", { command: "history", options: { json: false } }],
  [
    "history Ethernet0 --since 1h --json --config f --namespace asic0",
    {
      command: "history",
      options: { port: "Ethernet0", since: "1h", json: true, config: "f", namespace: "asic0" },
    },
  ],
];

const ADMIN: readonly (readonly [string, Invocation])[] = [
  ["status", { command: "status", options: { json: false } }],
  ["alerts --json --config f", { command: "alerts", options: { json: true, config: "f" } }],
  ["trends --namespace asic0", { command: "trends", options: { json: false, namespace: "asic0" } }],
  [
    "silence redis_* --for 90s --reason upgrade --port Ethernet* --severity critical --json",
    {
      command: "silence",
      options: {
        json: true,
        rule: "redis_*",
        seconds: 90,
        reason: "upgrade",
        port: "Ethernet*",
        severity: "critical",
      },
    },
  ],
  [
    "silence * --for 366d --reason x",
    { command: "silence", options: { json: false, rule: "*", seconds: 31_622_400, reason: "x" } },
  ],
  ["unsilence 7f --namespace asic1", { command: "unsilence", options: { json: false, id: "7f", namespace: "asic1" } }],
];

const REFUSED: readonly (readonly [string, string])[] = [
  ["export grafana", "export needs --out: a directory, or - for the standard output"],
  ["export grafana --out=", "export needs --out: a directory, or - for the standard output"],
  ["export grafana --out --config", "option --out needs a value: --out=DIR"],
  ["export --out d", "export needs an argument: KIND"],
  ["--confg f", "unknown option --confg; did you mean --config?"],
  ["--confg=f", "unknown option --confg; did you mean --config?"],
  ["-config", "unknown option -config; did you mean --config?"],
  ["--zzzzzzzz", "unknown option --zzzzzzzz"],
  ["-undefined", "unknown option -undefined"],
  ["-x", "unknown option -x"],
  ["--json", "unknown option --json"],
  ["monitor --once", "unknown option --once"],
  ["--constructor", "unknown option --constructor"],
  ["montor", "unknown command montor; did you mean monitor?"],
  [
    "daemon",
    "unknown command daemon; commands: monitor, record, history, starts, status, alerts, silence, unsilence, trends, export, completion, man",
  ],
  ["--once monitor", "unexpected argument monitor; a command comes before the options"],
  ["--once thing", "unexpected argument thing"],
  ["-- thing", "unexpected argument thing"],
  ["monitor thing", "unexpected argument thing"],
  ["--config", "option --config needs a value: --config=FILE"],
  ["--config --once", "option --config needs a value: --config=FILE"],
  ["--config=", "option --config needs a file"],
  ["--once=yes", "option --once takes no value"],
  ["--mode sonc", "sonc is not allowed for --mode, allowed: sonic, standalone; did you mean sonic?"],
  ["--mode=", '"" is not allowed for --mode, allowed: sonic, standalone'],
  [
    "--log-level LOUD",
    "LOUD is not allowed for --log-level, allowed: emerg, alert, crit, error, warn, notice, info, debug",
  ],
  ["--log-format xml", "xml is not allowed for --log-format, allowed: auto, journal, syslog, json, pretty"],
  ["--store disk", "disk is not allowed for --store, allowed: redis, memory"],
  ["--source disk", "disk is not allowed for --source, allowed: kernel, replay:FILE, simulate[:PORTS]"],
  [
    "--source replay:",
    "replay: is not allowed for --source, allowed: kernel, replay:FILE, simulate[:PORTS]; did you mean replay:FILE?",
  ],
  ["--source simulate:0", "simulate:0 is not allowed for --source, allowed: kernel, replay:FILE, simulate[:PORTS]"],
  [
    "--source simulate:4097",
    "simulate:4097 is not allowed for --source, allowed: kernel, replay:FILE, simulate[:PORTS]",
  ],
  ["--source simulate:1e1", "simulate:1e1 is not allowed for --source, allowed: kernel, replay:FILE, simulate[:PORTS]"],
  ["--namespace ../x", "../x cannot be a namespace; it needs a name such as asic0"],
  ["--once --check-config", "only one of --check-config, --once can be given"],
  ["record", "record needs an argument: FILE"],
  ["record a b", "unexpected argument b"],
  ["history a b", "unexpected argument b"],
  ["history --since yesterday", "yesterday is not allowed for --since, allowed: 30m, 1h, 2d, 2026-01-31T12:00"],
  ["history --config=", "option --config needs a file"],
  ["completion", "completion needs an argument: bash|zsh|fish"],
  ["completion bsh", "bsh is not allowed for completion, allowed: bash, zsh, fish; did you mean bash?"],
  ["silence", "silence needs an argument: RULE"],
  ["silence redis_down --reason x", "silence needs --for: a silence for ever is a disabled rule"],
  ["silence redis_down --for 2h", "silence needs --reason, for those who wonder"],
  ["silence redis_down --for 2h --reason=", "silence needs --reason, for those who wonder"],
  ["silence redis_down --for 2 --reason x", "2 is not allowed for --for, allowed: 30m, 2h, 1d"],
  ["silence redis_down --for 0h --reason x", "0h is not allowed for --for, allowed: 30m, 2h, 1d"],
  ["silence redis_down --for 367d --reason x", "--for can be at most 366d"],
  [
    "silence redis_down --for 2h --reason x --severity bad",
    "bad is not allowed for --severity, allowed: info, warning, critical",
  ],
  ["alerts --for 2h", "unknown option --for"],
  ["status thing", "unexpected argument thing"],
  ["unsilence", "unsilence needs an argument: ID"],
  ["man thing", "unexpected argument thing"],
];

describe("parse", () => {
  for (const [line, expected] of [...READ, ...ADMIN])
    test(`reads portsyncd ${line}`, () => {
      expect(read(line)).toEqual(expected as Invocation);
    });

  for (const [line, message] of REFUSED)
    test(`refuses portsyncd ${line}`, () => {
      expect(messageOf(line)).toBe(message);
    });

  test("hints at the help of the command that was meant", () => {
    expect(parse(["--x"]).error?.hint).toBe("Try 'portsyncd --help'.");
    expect(parse(["record", "--x"]).error?.hint).toBe("Try 'portsyncd record --help'.");
    expect(parse(["recor"]).error?.hint).toBe("Try 'portsyncd --help'.");
  });

  test("escapes what an argument would do to the terminal", () => {
    expect(parse(["\x1b[2J"]).error?.message).toStartWith('unknown command "\\x1b[2J"');
    expect(parse(["--\n"]).error?.message).toBe('unknown option "--\\x0a"');
  });

  test("reads or refuses any arguments, and never throws", () => {
    const word = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(...WRITTEN_COMMANDS, "--", "-", "=", "__proto__", "--__proto__", "-h", "bash", "sonic"),
      fc.constantFrom(...Object.keys(OPTIONS)).map((name) => `--${name}`),
      fc.tuple(fc.constantFrom(...Object.keys(OPTIONS)), fc.string()).map(([name, value]) => `--${name}=${value}`),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
        const { invocation, error } = parse(argv);
        expect((invocation === undefined) !== (error === undefined)).toBe(true);
        if (error !== undefined) expect(error.message).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("COMMANDS", () => {
  test("can all be written, but for the daemon", () => {
    expect(Object.keys(COMMANDS)).toEqual(["daemon", ...WRITTEN_COMMANDS]);
  });

  test("use every option at least once", () => {
    const used = new Set(Object.values(COMMANDS).flatMap(({ options }): readonly string[] => options));
    expect([...used].sort()).toEqual(Object.keys(OPTIONS).sort());
  });
});
