import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";

import { all, needsCommands, type Requirement } from "./support/requirement.ts";
import { testWith } from "./support/testwith.ts";

const ROOT = join(import.meta.dir, "..");
const MOST_LINES = 300;

/** The parts of the program from the bottom up: each may import those below it, none of its own layer. */
const LAYERS = [
  ["ffi"],
  ["util"], // beside ffi in the design; its Unix datagrams need sockets
  ["netlink", "swss", "log", "metrics", "systemd", "store"],
  ["rtnetlink", "alert", "trend", "health"],
  ["port", "monitoring"],
  ["config"],
  ["http"],
  ["watch"],
  ["daemon"],
  ["cli"],
  ["main"],
] as const;

/** Parts that see plain numbers and a clock; of the program they may import these only, and no library but those below. */
const SECLUDED: Readonly<Record<string, readonly string[]>> = {
  alert: ["util", "log"],
  trend: ["util", "log"],
  health: ["util", "log"],
};
/** Libraries that are but functions of plain numbers, and which files of the secluded parts import them. */
const ARITHMETIC: Readonly<Record<string, readonly string[]>> = {
  "simple-statistics": ["src/trend/statistics.ts"],
};

/** Which files import which package or module of Bun; node: is everybody's. A part stands for all its files. */
const EXTERNALS: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    ["bargauge", "cog", "common", "prometheus", "stat", "statetimeline", "table", "timeseries"].map((part) => [
      `@grafana/grafana-foundation-sdk/${part}`,
      ["src/monitoring/grafana/panel.ts"],
    ]),
  ),
  "@grafana/grafana-foundation-sdk/dashboard": ["src/monitoring/grafana/", "test/monitoring/"],
  "@logtape/logtape": ["src/log/logger.ts", "src/log/setup.ts"],
  "@prometheus-io/client": ["src/metrics/registry.ts"],
  "@prometheus-io/client/lib/registry.js": ["src/metrics/registry.ts", "test/metrics/"],
  "@redis/client": ["src/swss/session.ts", "test/swss/tracing.test.ts"],
  bun: ["src/netlink/poll.ts", "src/swss/nativewriter.ts", "test/", "bench/"], // in poll.ts types only
  "bun:ffi": ["ffi/libc.ts", "bench/libc.ts"],
  "bun:jsc": ["test/simulation/scheduler.ts"],
  "bun:sqlite": ["src/store/", "test/store/", "test/watch/"],
  "bun:test": ["test/"],
  "fast-check": ["test/"],
  "fastest-levenshtein": ["src/util/closest.ts"],
  ...ARITHMETIC,
  "smol-toml": ["src/config/load.ts", "src/config/print.ts", "test/"],
  "package.json": ["src/cli/version.ts", "test/"],
  "@valibot/to-json-schema": ["src/http/v1/jsonschema.ts"],
  "ajv/dist/2020": ["test/http/"],
  "ajv-formats": ["test/http/"],
  valibot: [
    "src/config/load.ts",
    "src/config/key.ts",
    "src/config/schema.ts",
    "src/http/v1/schema.ts",
    "src/watch/keptjson.ts",
  ],
  yaml: ["src/monitoring/yaml.ts", "test/"],
};

const READ_ENVIRONMENT = ["src/cli/", "src/main.ts", "src/config/environment.ts"];
const END_THE_PROCESS = ["src/cli/", "src/main.ts"];
/** The deadlines of all waits, one wait for something not to happen, and what is a program rather than a test. */
const WAIT =
  "test/support/deadline.ts test/support/orchagent.ts test/support/redis.test.ts test/support/checks.ts test/demo/".split(
    " ",
  );
/** Mirrors of C headers: their names say it, under one comment at the top of the file. */
const HEADERS = ["ffi/linux/", "ffi/sys/"];
/** The mirror of schema.h: a comment for each paragraph of names. */
const SCHEMA = "src/swss/schema.ts";
const SKIP_WITH_A_REASON = ["test/support/testwith.ts"];
const TOP_LEVEL = (
  ".ci .gitignore .oxlintrc.json LICENSE README.md bench bun.lock bunfig.toml ffi package.json src systemd test " +
  "tsconfig.json"
).split(" ");
const ALL_CODE = "ffi src test bench";
const VAGUE_NAME = /^(utils|helpers?|types?|common|misc|shared|lib)$/;
const VAGUE_FILE = /^(util|index)(\.test)?\.ts$/;

interface Source {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** Says of each breach where it is and what; nothing when the rule holds. */
type Rule = (sources: readonly Source[]) => string[];

const COMMENT = String.raw`\/\*[^]*?\*\/|\/\/[^\n]*`;
const STRING = String.raw`"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'`;
const TEMPLATE = "`(?:[^`\\\\]|\\\\[^])*`";
const REGEXP = String.raw`(?<=[=(,:!&|?{};[\n>]\s*)\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*`;

/** The text without comments; their line ends stay. */
function withoutComments(text: string): string {
  const tokens = new RegExp(`(${COMMENT})|${STRING}|${TEMPLATE}|${REGEXP}`, "g");
  return text.replace(tokens, (token, comment?: string) => (comment ? token.replace(/[^\n]+/g, " ") : token));
}

/** The text without comments and without what is between quotes. */
function codeOf(text: string): string {
  const tokens = new RegExp([COMMENT, STRING, TEMPLATE, REGEXP].join("|"), "g");
  return text.replace(tokens, (token) => (token.startsWith("/*") ? token.replace(/[^\n]+/g, " ") : '""'));
}

/** What a file imports or re-exports, types too; a relative path as one from the root. */
function importsOf({ path, text }: Source): string[] {
  const pattern = /(?:^|\n)\s*(?:import|export)\b(?:[^"';]*?\bfrom)?\s*"([^"\n]+)"|\bimport\(\s*"([^"\n]+)"/g;
  return [...withoutComments(text).matchAll(pattern)].map(([, fixed, dynamic]) => {
    const name = (fixed ?? dynamic)!;
    return name.startsWith(".") ? normalize(join(dirname(path), name)) : name;
  });
}

/** `ffi`, or the folder or file under src; undefined for what is not the program. */
function partOf(path: string): string | undefined {
  const [top, second] = path.split("/");
  if (top === "ffi") return top;
  return top === "src" ? second!.replace(/\.ts$/, "") : undefined;
}

function layerOf(part: string): number {
  return LAYERS.findIndex((parts: readonly string[]) => parts.includes(part));
}

function isIn(path: string, places: readonly string[]): boolean {
  return places.some((place) => (place.endsWith("/") ? path.startsWith(place) : path === place));
}

function isFile(name: string): boolean {
  return name.includes("/") && /\.(ts|json|toml)$/.test(name);
}

/** Every place, outside of `allowed`, where the code matches. */
function findCode(sources: readonly Source[], pattern: RegExp, allowed: readonly string[], tops: string): string[] {
  return sources
    .filter(({ path }) => tops.split(" ").includes(path.split("/")[0]!) && !isIn(path, allowed))
    .flatMap(({ path, text }) =>
      codeOf(text)
        .split("\n")
        .flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
    );
}

function importUpwards(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const part = partOf(source.path);
    if (part === undefined) return [];
    if (layerOf(part) < 0) return [`${source.path}: ${part} has no layer`];
    return importsOf(source).flatMap((name) => {
      if (!isFile(name) || name === "package.json") return [];
      const other = partOf(name);
      if (other === undefined) return [`${source.path} imports ${name}, which is not the program`];
      if (other === part || layerOf(other) < layerOf(part)) return [];
      return [`${source.path} imports ${name}`];
    });
  });
}

function leaveSeclusion(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const part = partOf(source.path);
    const allowed = part === undefined ? undefined : SECLUDED[part];
    if (!allowed) return [];
    return importsOf(source)
      .filter((name) => partOf(name) !== part && !allowed.includes(partOf(name) ?? ""))
      .filter((name) => !isIn(source.path, ARITHMETIC[name] ?? []))
      .map((name) => `${source.path} imports ${name}`);
  });
}

function formCycles(sources: readonly Source[]): string[] {
  const graph = new Map(sources.map((source) => [source.path, importsOf(source)]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) cycles.push([...trail.slice(at), path].join(" -> "));
    if (at >= 0 || done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return cycles;
}

function importElsewhere(sources: readonly Source[]): string[] {
  return sources.flatMap((source) =>
    importsOf(source)
      .filter((name) => !isFile(name) && !name.startsWith("node:"))
      .filter((name) => !isIn(source.path, EXTERNALS[name] ?? []))
      .map((name) => `${source.path} imports ${name}`),
  );
}

/** Whether a comment ends above line `at` of the lines: right above or, in the mirror of schema.h, above its paragraph. */
function isDocumented(path: string, lines: readonly string[], at: number): boolean {
  const above = lines[at - 1] ?? "";
  if (/\*\/\s*$/.test(above)) return true;
  if (path === SCHEMA && above.startsWith("export const ")) return isDocumented(path, lines, at - 1);
  if (!isIn(path, HEADERS) || !lines[at]!.startsWith("export const ")) return false;
  const first = lines.findIndex((line) => line.startsWith("export "));
  return first < at && isDocumented(path, lines, first);
}

function lackDocumentation(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => partOf(path) !== undefined)
    .flatMap(({ path, text }) => {
      const lines = text.split("\n");
      return lines.flatMap((line, i) =>
        line.startsWith("export ") && !isDocumented(path, lines, i) ? [`${path}:${i + 1}: ${line}`] : [],
      );
    });
}

const RULES: Readonly<Record<string, Rule>> = {
  "imports run one way, from main down to ffi": importUpwards,
  "alert, trend and health see nothing but util, log and arithmetic": leaveSeclusion,
  "imports form no cycle": formCycles,
  "each package is imported only by the files that are named for it": importElsewhere,
  "every export of ffi and src says what it is": lackDocumentation,
  "the environment and the arguments are read only at the top": (sources) =>
    findCode(sources, /\b(process|Bun)\.(env|argv)\b|\bimport\.meta\.env\b/, READ_ENVIRONMENT, "ffi src"),
  "only the command line ends the process": (sources) =>
    findCode(sources, /\bprocess\.(exit|abort|reallyExit|kill)\b/, END_THE_PROCESS, "ffi src"),
  "no file of ffi and src is too long": (sources) =>
    sources
      .filter(({ path }) => partOf(path) !== undefined)
      .map(({ path, text }) => ({ path, lines: text.trimEnd().split("\n").length }))
      .filter(({ lines }) => lines > MOST_LINES)
      .map(({ path, lines }) => `${path}: ${lines} lines`),
  "nothing is left to be done": (sources) =>
    sources.filter(({ text }) => /\b(TO[D]O|FIX[M]E|X[X]X|HAC[K])\b/.test(text)).map(({ path }) => path),
  "every file is named by what it holds": (sources) =>
    sources
      .map(({ path }) => path)
      .filter((path) => {
        const words = path.split("/").map((word) => word.replace(/(\.test)?\.ts$/, ""));
        return words.some((word) => VAGUE_NAME.test(word)) || VAGUE_FILE.test(basename(path));
      }),
  "nothing is exported as default or by a barrel": (sources) =>
    findCode(sources, /^export\s+(default\b|\*|(type\s*)?\{.*\}\s*from\b)|\bas default\b/, [], ALL_CODE),
  "there is no enum": (sources) => findCode(sources, /\benum\s+\w+\s*\{/, [], ALL_CODE),
  "there is no any": (sources) =>
    findCode(sources, /([:<|&]|\b(as|is|=>))\s*any\b(?!\s*[.(])|\bany\s*(\[\]|>)|\btype\b.*=\s*any\b/, [], ALL_CODE),
  "no test sleeps": (sources) =>
    findCode(sources, /\b(Bun\.sleep(Sync)?|setTimeout|Atomics\.wait|scheduler\.wait)\b/, WAIT, "test"),
  "no test is alone, skipped without a reason, or planned": (sources) =>
    findCode(sources, /\b(test|it|describe)(\.\w+)*\.(only|skip|todo)\b/, SKIP_WITH_A_REASON, "test"),
};

/** For each rule files that break it, and what it must say of them. */
const BREACHES: Readonly<Record<keyof typeof RULES, readonly (readonly [path: string, text: string, says: string])[]>> =
  {
    "imports run one way, from main down to ffi": [
      ["src/netlink/a.ts", 'import type { B } from "../rtnetlink/b.ts";', "imports src/rtnetlink/b.ts"],
      ["src/swss/a.ts", 'import { b } from "../log/b.ts";', "imports src/log/b.ts"],
      ["src/port/a.ts", 'import { b } from "../config/b.ts";', "imports src/config/b.ts"],
      ["ffi/a.ts", 'import { b } from "../src/util/b.ts";', "imports src/util/b.ts"],
      ["src/util/a.ts", 'const b = await import("../cli/b.ts");', "imports src/cli/b.ts"],
      ["src/cli/a.ts", 'import { b } from "../../test/support/b.ts";', "which is not the program"],
      ["src/novel/a.ts", "", "novel has no layer"],
    ],
    "alert, trend and health see nothing but util, log and arithmetic": [
      ["src/alert/a.ts", 'import { b } from "../swss/b.ts";', "imports src/swss/b.ts"],
      ["src/trend/a.ts", 'import * as v from "valibot";', "imports valibot"],
      ["src/trend/a.ts", 'import { mean } from "simple-statistics";', "imports simple-statistics"],
      ["src/trend/statistics.ts", 'import * as v from "valibot";', "imports valibot"],
      ["src/health/a.ts", 'import { readFileSync } from "node:fs";', "imports node:fs"],
    ],
    "imports form no cycle": [
      ["src/port/a.ts", 'import {\n  type A,\n} from "./a.ts";', "src/port/a.ts -> src/port/a.ts"],
    ],
    "each package is imported only by the files that are named for it": [
      ["src/swss/a.ts", 'import { createClient } from "@redis/client";', "imports @redis/client"],
      ["src/netlink/a.ts", 'import { dlopen } from "bun:ffi";', "imports bun:ffi"],
      ["test/a.ts", 'import * as v from "valibot";', "imports valibot"],
      ["src/cli/a.ts", 'import "left-pad";', "imports left-pad"],
      ["bench/a.ts", 'export { b } from "fast-check";', "imports fast-check"],
    ],
    "every export of ffi and src says what it is": [
      ["src/port/a.ts", "/** Of the file. */\n\nexport const a = 1;", "a.ts:3: export const a"],
      [
        "ffi/a.ts",
        "/** Constants of a.h. */\nexport const A = 1;\nexport function b() {}",
        "a.ts:3: export function b",
      ],
    ],
    "the environment and the arguments are read only at the top": [
      ["src/daemon.ts", 'const home = process.env["HOME"];', "daemon.ts:1"],
      ["src/port/a.ts", "const words = Bun.argv;", "a.ts:1"],
    ],
    "only the command line ends the process": [["src/daemon.ts", "process.exit(1);", "daemon.ts:1"]],
    "no file of ffi and src is too long": [["ffi/a.ts", "a;\n".repeat(MOST_LINES + 1), "301 lines"]],
    "nothing is left to be done": [["bench/a.ts", `// ${"TO"}DO: all of it`, "bench/a.ts"]],
    "every file is named by what it holds": [
      ["src/port/helpers.ts", "", "helpers.ts"],
      ["test/utils/a.test.ts", "", "utils"],
      ["src/http/index.ts", "", "index.ts"],
      ["src/util/util.ts", "", "util.ts"],
    ],
    "nothing is exported as default or by a barrel": [
      ["src/port/a.ts", "export default class {}", "a.ts:1"],
      ["src/port/a.ts", 'export * from "./b.ts";', "a.ts:1"],
      ["test/a.ts", "export { a as default };", "a.ts:1"],
    ],
    "there is no enum": [["src/port/a.ts", "const enum Color { red }", "a.ts:1"]],
    "there is no any": [
      ["test/a.ts", "const a: any[] = [];", "a.ts:1"],
      ["src/port/a.ts", "function a<T = any>(b: T) {}", "a.ts:1"],
      ["src/port/a.ts", "type A = any;", "a.ts:1"],
      ["ffi/a.ts", "const a = b as any;", "a.ts:1"],
      ["ffi/a.ts", "const a = new Map<string, any>();", "a.ts:1"],
    ],
    "no test sleeps": [
      ["test/a.test.ts", "await Bun.sleep(5);", "a.test.ts:1"],
      ["test/support/a.ts", "new Promise((resolve) => setTimeout(resolve, 5));", "a.ts:1"],
    ],
    "no test is alone, skipped without a reason, or planned": [
      ["test/a.test.ts", 'test.only("a", () => {});', "a.test.ts:1"],
      ["test/a.test.ts", 'describe.skip("a", () => {});', "a.test.ts:1"],
      ["test/a.test.ts", 'test.todo("a");', "a.test.ts:1"],
    ],
  };

function readSources(): Source[] {
  const glob = new Bun.Glob("{ffi,src,bench,test}/**/*.ts");
  return [...glob.scanSync({ cwd: ROOT })]
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

const sources = readSources();

test("readSources finds the program and its tests", () => {
  expect(sources.map(({ path }) => path)).toEqual(
    expect.arrayContaining(["ffi/libc.ts", "src/main.ts", "src/port/publisher.ts", "test/architecture.test.ts"]),
  );
});

for (const [name, rule] of Object.entries(RULES)) {
  test(`architecture: ${name}`, () => {
    expect(rule(sources)).toEqual([]);
  });

  test(`architecture: a breach is found of: ${name}`, () => {
    expect(BREACHES[name]!.length).toBeGreaterThan(0);
    for (const [path, text, says] of BREACHES[name]!) {
      const found = rule([{ path, text: `${text}\n` }]);
      expect(found).toHaveLength(1);
      expect(found[0]).toContain(says);
    }
  });
}

test("codeOf leaves out comments and what is quoted, and keeps the lines", () => {
  const text = ["// enum A {", 'const a = "any // x";', "/* any", "any */ const b = /[\"'`]any/g;", "const c = `any`;"];
  expect(codeOf(text.join("\n")).split("\n").length).toBe(text.length);
  expect(codeOf(text.join("\n"))).not.toMatch(/any|enum/);
});

/** The name of a package, of which a file may be imported. */
function packageOf(name: string): string {
  return name
    .split("/")
    .slice(0, name.startsWith("@") ? 2 : 1)
    .join("/");
}

test("package.json has the packages that are imported, and no other", async () => {
  const { dependencies } = (await Bun.file(join(ROOT, "package.json")).json()) as { dependencies: object };
  const imported = sources
    .filter(({ path }) => partOf(path) !== undefined)
    .flatMap(importsOf)
    .filter((name) => !isFile(name) && name !== "package.json" && !/^(node|bun)\b/.test(name))
    .map(packageOf);
  expect(Object.keys(dependencies).sort()).toEqual([...new Set(imported)].sort());
});

const inGit: Requirement = existsSync(join(ROOT, ".git")) ? { ok: true } : { ok: false, reason: "not a git checkout" };
const able = all(inGit, needsCommands("git"));

function committed(): string[] {
  const { stdout } = Bun.spawnSync(["git", "ls-files", "-z"], { cwd: ROOT });
  return stdout.toString().split("\0").filter(Boolean);
}

testWith(able, "git holds nothing at the top level but what belongs there", () => {
  const tops = new Set(committed().map((path) => path.split("/")[0]!));
  expect([...tops].filter((name) => !TOP_LEVEL.includes(name))).toEqual([]);
});

testWith(able, "git holds no path of somebody's machine, and no package registry but the usual one", () => {
  const breaches = committed()
    .filter((path) => path !== "LICENSE" && existsSync(join(ROOT, path)))
    .flatMap((path) => {
      const text = readFileSync(join(ROOT, path), "latin1");
      const foreign = [
        /(?:^|[\s"'`=(:])\/(?:home|Users|root|work)\/[\w.]/m,
        new RegExp(`_auth${"Token"}|:_${"password"}`),
      ];
      const isAboutPackages = /^(bun\.lock|bunfig\.toml|package\.json|\.npmrc)$/.test(basename(path));
      const patterns = isAboutPackages ? [...foreign, /https?:\/\//, /registry/i] : foreign;
      return patterns
        .filter((pattern) => pattern.test(text))
        .map((pattern) => `${path}: ${pattern.exec(text)![0].trim()}`);
    });
  expect(breaches).toEqual([]);
});
