import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";

import { parse as parseYaml } from "yaml";

import { EXIT } from "../../src/cli/exit.ts";
import { TempDir } from "../support/tempdir.ts";
import { runPortsyncd } from "./portsyncd.ts";

const RULES = "portsyncd.rules.yml";

function exportRules(out: string, ...more: readonly string[]) {
  return runPortsyncd("export", "prometheus-rules", "--out", out, ...more);
}

test("export writes each kind to a directory that it makes, and tells which files", async () => {
  await using dir = new TempDir();
  const out = dir.file("new/directory");
  const told: string[] = [];
  for (const kind of ["prometheus-rules", "promql", "alertmanager", "grafana"]) {
    const { code, stdout, stderr } = await runPortsyncd("export", kind, "--out", out);
    expect([kind, code, stderr]).toEqual([kind, EXIT.ok, ""]);
    told.push(...stdout.trim().split("\n"));
  }
  expect(told.toSorted()).toEqual(
    readdirSync(out)
      .map((name) => `${out}/${name}`)
      .toSorted(),
  );
  expect(readdirSync(out).toSorted()).toEqual([
    "portsyncd-alert-status.json",
    "portsyncd-ports.json",
    "portsyncd-sync-performance.json",
    "portsyncd-system-health.json",
    "portsyncd-trend-analysis.json",
    "portsyncd.alertmanager.yml",
    "portsyncd.queries.yml",
    "portsyncd.rules.yml",
  ]);
});

test("export takes the limits of the configuration for its rules", async () => {
  await using dir = new TempDir();
  writeFileSync(dir.file("c.toml"), "[performance]\nmax_latency_us = 25000\n");
  const { code } = await exportRules(dir.path, "--config", dir.file("c.toml"));
  expect(code).toBe(EXIT.ok);
  const { groups } = parseYaml(readFileSync(dir.file(RULES), "utf8")) as {
    groups: { rules: { alert: string; expr: string }[] }[];
  };
  const rule = groups[0]!.rules.find(({ alert }) => alert === "event_latency_high")!;
  expect(rule.expr).toEndWith(" > 0.025");
  writeFileSync(dir.file("c.toml"), "[performance]\nmax_latency_us = -1\n");
  expect((await exportRules(dir.path, "--config", dir.file("c.toml"))).code).toBe(EXIT.config);
});

test("export writes the rules of the configuration as the daemon has them: changed, disabled, added", async () => {
  await using dir = new TempDir();
  writeFileSync(
    dir.file("c.toml"),
    `[[alerts.rules]]
id = "redis_down"
for_secs = 5
severity = "warning"

[[alerts.rules]]
id = "port_flapping"
threshold = 3
window_secs = 20
keep_firing_secs = 30

[[alerts.rules]]
id = "state_drift"
enabled = false

[[alerts.rules]]
id = "queue_long"
metric = "portsyncd_queue_depth"
condition = "above"
threshold = 8
severity = "info"
`,
  );
  const { code, stdout } = await exportRules("-", "--config", dir.file("c.toml"));
  expect(code).toBe(EXIT.ok);
  const { groups } = parseYaml(stdout) as { groups: { rules: { alert: string }[] }[] };
  const rules = new Map(groups[0]!.rules.map((rule) => [rule.alert, rule]));
  expect(rules.get("redis_down")).toMatchObject({ for: "5s", labels: { severity: "warning" } });
  expect(rules.get("port_flapping")).toMatchObject({
    expr: "round(increase(portsyncd_port_flaps_total[20s])) > 3",
    keep_firing_for: "30s",
  });
  expect(rules.has("state_drift")).toBe(false);
  expect(stdout).toContain("disabled: health_score_good, state_drift.");
  expect(rules.get("queue_long")).toMatchObject({ expr: "portsyncd_queue_depth > 8", labels: { severity: "info" } });
});

test("export replaces what it wrote, and no file of somebody else", async () => {
  await using dir = new TempDir();
  await exportRules(dir.path);
  const text = readFileSync(dir.file(RULES), "utf8");
  writeFileSync(dir.file(RULES), `${text}# more\n`);
  expect((await exportRules(dir.path)).code).toBe(EXIT.ok);
  expect(readFileSync(dir.file(RULES), "utf8")).toBe(text);
  writeFileSync(dir.file(RULES), "groups: []\n");
  const refused = await exportRules(dir.path);
  expect([refused.code, refused.stderr]).toEqual([
    EXIT.ioErr,
    `portsyncd: ${dir.file(RULES)} is not replaced: portsyncd did not write it\n`,
  ]);
  expect(readFileSync(dir.file(RULES), "utf8")).toBe("groups: []\n");
});

test("export writes none of several files when one of them is somebody else's", async () => {
  await using dir = new TempDir();
  writeFileSync(dir.file("portsyncd-ports.json"), "{}");
  expect((await runPortsyncd("export", "grafana", "--out", dir.path)).code).toBe(EXIT.ioErr);
  expect(readdirSync(dir.path)).toEqual(["portsyncd-ports.json"]);
});

test("export says what cannot be written", async () => {
  await using dir = new TempDir();
  writeFileSync(dir.file("file"), "");
  const inTheWay = await exportRules(dir.file("file"));
  expect([inTheWay.code, inTheWay.stderr]).toEqual([
    EXIT.ioErr,
    expect.stringContaining(`${dir.file("file")} cannot be written: `),
  ]);
  mkdirSync(dir.file(RULES));
  const directory = await exportRules(dir.path);
  expect([directory.code, directory.stderr]).toEqual([
    EXIT.ioErr,
    expect.stringContaining("cannot be written: EISDIR"),
  ]);
});

test("export leaves what a link points to as it is", async () => {
  await using dir = new TempDir();
  await exportRules(dir.file("elsewhere"));
  const elsewhere = dir.file(`elsewhere/${RULES}`);
  const before = `${readFileSync(elsewhere, "utf8")}# kept\n`;
  writeFileSync(elsewhere, before);
  symlinkSync(elsewhere, dir.file(RULES));
  expect((await exportRules(dir.path)).code).toBe(EXIT.ok);
  expect(readFileSync(elsewhere, "utf8")).toBe(before);
  expect(readFileSync(dir.file(RULES), "utf8")).not.toContain("# kept");
});

test("export writes one file to the standard output, and not several", async () => {
  await using dir = new TempDir();
  const { code, stdout } = await exportRules("-");
  await exportRules(dir.path);
  expect([code, stdout]).toEqual([EXIT.ok, readFileSync(dir.file(RULES), "utf8")]);
  const several = await runPortsyncd("export", "grafana", "--out", "-");
  expect([several.code, several.stdout]).toEqual([EXIT.usage, ""]);
  expect(several.stderr).toContain("grafana is 5 files");
  expect(existsSync("-")).toBe(false);
});
