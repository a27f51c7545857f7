import { expect, test } from "bun:test";

import { parseConfig } from "../../src/config/load.ts";
import { DEFAULT_CONFIG, KEYS } from "../../src/config/schema.ts";

const FILE = `${import.meta.dir}/../../src/config/reference.toml`;

function formatDefault(value: unknown): string {
  return Array.isArray(value) ? `[${value.map((item) => JSON.stringify(item)).join(", ")}]` : JSON.stringify(value);
}

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
