import { expect, test } from "bun:test";

import { builtinRules } from "../../src/alert/builtin.ts";
import { type Rule, ruleWindow } from "../../src/alert/rule.ts";
import { RULE_KEYS } from "../../src/alert/rulekeys.ts";
import { parseConfig } from "../../src/config/load.ts";
import { DEFAULT_CONFIG, KEYS } from "../../src/config/schema.ts";

const FILE = `${import.meta.dir}/../../src/config/reference.toml`;

function formatDefault(value: unknown): string {
  return Array.isArray(value) ? `[${value.map((item) => JSON.stringify(item)).join(", ")}]` : JSON.stringify(value);
}

/** What a rule of the daemon has in the keys that can be changed. */
function formatBuiltin(rule: Rule): string {
  const { id, severity, condition, forSeconds, enabled } = rule;
  const threshold =
    condition.kind === "rateOfChange" ? condition.perSecond : "threshold" in condition && condition.threshold;
  const window = ruleWindow(rule);
  const words = [severity, `threshold ${threshold}`, ...(window ? [`window ${window} s`] : []), `for ${forSeconds} s`];
  return `#   ${id}: ${words.join(", ")}${enabled ? "" : ", not enabled"}`;
}

function formatRules(): string[] {
  const maxLatencyUs = DEFAULT_CONFIG.performance.max_latency_us;
  return [
    "#",
    "# Each rule is a table [[alerts.rules]] of these keys, in place of the key rules. One with the id of a rule of the",
    "# daemon changes that rule, by the keys with a star.",
    ...Object.entries(RULE_KEYS).map(
      ([name, { meaning, allowed, forBuiltin }]) =>
        `#   ${name}${forBuiltin ? "*" : ""}: ${meaning}; allowed: ${allowed}`,
    ),
    "# The rules of the daemon, and what they have in those keys:",
    ...builtinRules({ maxLatencyUs }).map(formatBuiltin),
    "# Two rules, to be set by removing the # and the spaces before them:",
    ...EXAMPLE.map((line) => `#   ${line}`),
  ];
}

const EXAMPLE = [
  "[[alerts.rules]]",
  'id = "port_flapping"',
  "threshold = 20",
  "[[alerts.rules]]",
  'id = "queue_long"',
  'metric = "portsyncd_queue_depth"',
  'condition = "above"',
  "threshold = 500",
  "for_secs = 30",
  'summary = "{value} ports wait for STATE_DB"',
];

function formatReference(): string {
  const lines = [
    "# portsyncd.conf: every key with its default, to be set by removing the # before it.",
    "# live: SIGHUP changes it; restart: the daemon must be restarted.",
  ];
  let table = "";
  for (const [path, key] of KEYS) {
    const [first, second] = path.split(".");
    if (second !== undefined && first !== table) {
      table = first!;
      lines.push("", `[${table}]`);
    }
    const fallback = key.default === undefined ? "absent" : formatDefault(key.default);
    lines.push(
      "",
      `# ${key.meaning}`,
      `# ${key.type}, allowed: ${key.allowed}; default: ${fallback}; ${key.live ? "live" : "restart"}`,
      `#${second ?? first} = ${key.default === undefined ? '"notice"' : formatDefault(key.default)}`,
    );
    if (path === "alerts.rules") lines.push(...formatRules());
  }
  return `${lines.join("\n")}\n`;
}

const reference = await Bun.file(FILE)
  .text()
  .catch(() => "");

test("reference.toml says of every key what the schema says (UPDATE_REFERENCE=1 rewrites it)", async () => {
  if (process.env["UPDATE_REFERENCE"] === "1") await Bun.write(FILE, formatReference());
  expect(await Bun.file(FILE).text()).toBe(formatReference());
});

test("reference.toml changes nothing as it is", () => {
  expect(parseConfig(reference, "reference.toml")).toEqual({ config: DEFAULT_CONFIG });
});

test("reference.toml with every key uncommented holds the defaults, and every key once", () => {
  const uncommented = reference.replace(/^#(?=\w+ = )/gm, "");
  expect(uncommented.match(/^\w+ = /gm)?.length).toBe(KEYS.size);
  const { config } = parseConfig(uncommented, "reference.toml");
  expect(config).toEqual({ ...DEFAULT_CONFIG, log: { ...DEFAULT_CONFIG.log, level: "notice" } });
});

test("reference.toml has an example of rules that can be used as it is", () => {
  const spaced = /^# {3}(?=\[\[|\w+ = )/gm;
  const { config, issues } = parseConfig(reference.replace(spaced, ""), "reference.toml");
  expect(issues).toBeUndefined();
  expect(config!.alerts.rules.map(({ id }) => id)).toEqual(["port_flapping", "queue_long"]);
});
