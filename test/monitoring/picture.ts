import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { buildDashboard, DASHBOARDS } from "../../src/monitoring/grafana/dashboards.ts";
import type { PanelSpec } from "../../src/monitoring/grafana/panelspec.ts";
import { runChild } from "../support/child.ts";
import { enterPrivateNetwork } from "../support/privatenetwork.ts";
import {
  drawBars,
  drawLines,
  drawNumbers,
  drawStates,
  drawTable,
  escapeHtml,
  type Line,
  type LineOptions,
} from "./chart.ts";
import { fillIn } from "./filledin.ts";
import { Fleet } from "./fleet.ts";
import type { Answer, Prometheus } from "./prometheus.ts";

const USAGE = `bun test/monitoring/picture.ts DIRECTORY

Lets a fleet suffer, and draws each dashboard from what a real Prometheus has then to DIRECTORY, as HTML and, where chromium
is installed, as PNG. Grafana draws them otherwise; what is asked, its titles, units, limits and legends are the same.`;

const COLUMN = 60;
const ROW = 36;
const COLORS: Readonly<Record<string, string>> = {
  green: "#73bf69",
  yellow: "#f2cc0c",
  red: "#f2495c",
  blue: "#5794f2",
  text: "#d8d9da",
};
const STYLE = `body{background:#111217;color:#ccccdc;font:13px sans-serif;margin:0}
.panel{position:absolute;background:#181b1f;border:1px solid #2a2d33;border-radius:2px;overflow:hidden;box-sizing:border-box;padding:4px 8px}
.panel h2{font-size:13px;font-weight:600;margin:0}.panel p{font-size:11px;color:#8e8e9c;margin:0;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.row{position:absolute;font-size:15px;font-weight:600;padding:8px}svg text{fill:#8e8e9c;font-size:11px}.grid{stroke:#2a2d33}
.legend{font-size:11px;line-height:17px}.legend span{margin-right:10px}.legend i{color:#8e8e9c;font-style:normal}
.numbers{display:flex;justify-content:space-around;align-items:center;height:80px}.number{text-align:center}.number span{display:block;font-size:11px}.number b{font-size:26px}
table{border-collapse:collapse;width:100%;font-size:12px;margin-top:6px}th{text-align:left;color:#6e9fff}td,th{padding:2px 8px}.bars .name{width:34%;text-align:right}.bars .track{width:50%}
.empty{text-align:center;color:#8e8e9c;font-size:18px;padding-top:18px}`;

interface Shown {
  readonly type: string;
  readonly title: string;
  readonly gridPos: { x: number; y: number; w: number; h: number };
  readonly description?: string;
  readonly targets?: readonly { expr: string; legendFormat: string; instant?: boolean }[];
  readonly fieldConfig: {
    readonly defaults: {
      readonly unit: string;
      readonly noValue?: string;
      readonly min?: number;
      readonly max?: number;
      readonly mappings?: readonly { options: Readonly<Record<string, { text: string; color: string }>> }[];
      readonly thresholds: { steps: readonly { value: number | null; color: string }[] };
    };
  };
}

function scaled(value: number, steps: readonly (readonly [number, string])[]): string {
  const [size, unit] =
    value === 0
      ? [1, steps.find(([least]) => least === 1)![1]]
      : (steps.find(([least]) => Math.abs(value) >= least) ?? steps.at(-1)!);
  return `${Number((value / size).toPrecision(3))} ${unit}`;
}

const FORMATS: Readonly<Record<string, (value: number) => string>> = {
  s: (value) =>
    scaled(value, [
      [86_400, "days"],
      [3600, "hours"],
      [60, "mins"],
      [1, "s"],
      [1e-3, "ms"],
      [1e-6, "µs"],
    ]),
  bytes: (value) =>
    scaled(value, [
      [2 ** 30, "GiB"],
      [2 ** 20, "MiB"],
      [1024, "KiB"],
      [1, "B"],
    ]),
  percent: (value) => `${Number(value.toPrecision(4))}%`,
};

function lookOf({ fieldConfig: { defaults } }: Shown): Pick<LineOptions, "format" | "color"> {
  const names = defaults.mappings?.[0]?.options ?? {};
  const { unit } = defaults;
  const plain = (value: number) => `${Number(value.toPrecision(4))}${unit.replace(/^short$|^suffix:/, "")}`;
  return {
    format: (value) => names[value]?.text ?? (FORMATS[unit] ?? plain)(value),
    color: (value) => {
      const name =
        names[value]?.color ?? defaults.thresholds.steps.findLast((step) => value >= (step.value ?? -Infinity))!.color;
      return COLORS[name]!;
    },
  };
}

function nameOf(format: string, labels: Answer["labels"]): string {
  return format.replace(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? "");
}

/** How a column of a table is written. */
function formatOf({ targets }: PanelSpec, column: string, usual: (value: number) => string): (value: number) => string {
  const { names, unit } = targets.find(({ legend }) => legend === column)!;
  if (names) return (value) => names[value]?.[0] ?? usual(value);
  return unit === "seconds" ? FORMATS["s"]! : usual;
}

async function tableOf(panel: Shown, spec: PanelSpec, prometheus: Prometheus, end: number): Promise<string> {
  const columns = spec.columns ?? {};
  const rows = new Map<string, Map<string, string>>();
  const { format } = lookOf(panel);
  for (const { expr, legendFormat } of panel.targets ?? [])
    for (const { labels, value } of await prometheus.query(fillIn(expr), end)) {
      const own = Object.keys(columns).map((label) => labels[label] ?? "");
      const row = rows.get(own.join("\0")) ?? new Map(Object.values(columns).map((name, i) => [name, own[i]!]));
      rows.set(own.join("\0"), row.set(legendFormat, formatOf(spec, legendFormat, format)(value)));
    }
  if (rows.size === 0) return "";
  const head = [...Object.values(columns), ...spec.targets.map(({ legend }) => legend)];
  return drawTable(
    head,
    [...rows.values()].map((row) => head.map((name) => row.get(name) ?? "")),
  );
}

async function contentOf(panel: Shown, spec: PanelSpec, { prometheus, begin, end }: Fleet): Promise<string> {
  const { defaults } = panel.fieldConfig;
  if (panel.type === "table") return tableOf(panel, spec, prometheus, end);
  const look = lookOf(panel);
  const lines: Line[] = [];
  const values: { name: string; value: number }[] = [];
  for (const { expr, legendFormat, instant } of panel.targets ?? [])
    if (instant)
      for (const { labels, value } of await prometheus.query(fillIn(expr, "10s"), end))
        values.push({ name: nameOf(legendFormat, labels), value });
    else
      for (const { labels, points } of await prometheus.queryRange(fillIn(expr, "10s"), begin, end, 1))
        lines.push({ name: nameOf(legendFormat, labels), points });
  const options: LineOptions = {
    ...look,
    width: panel.gridPos.w * COLUMN - 24,
    height: panel.gridPos.h * ROW - 50,
    start: begin,
    end,
    isStacked: spec.kind === "stack",
    limits: defaults.thresholds.steps.flatMap(({ value, color }) =>
      value === null ? [] : [{ value, color: COLORS[color]! }],
    ),
    min: defaults.min,
    max: defaults.max,
  };
  const finite = values.filter(({ value }) => Number.isFinite(value));
  if (lines.length + finite.length === 0) return "";
  if (panel.type === "stat") return drawNumbers(finite, look);
  if (panel.type === "bargauge")
    return drawBars(
      finite.toSorted((a, b) => b.value - a.value),
      look,
    );
  return panel.type === "state-timeline" ? drawStates(lines, options) : drawLines(lines, options);
}

async function draw(spec: (typeof DASHBOARDS)[number], fleet: Fleet): Promise<{ html: string; height: number }> {
  const panels = buildDashboard(spec).panels as unknown as Shown[];
  const specs = spec.sections.flatMap((section) => section.panels);
  const parts: string[] = [];
  for (const panel of panels) {
    const { x, y, w, h } = panel.gridPos;
    const place = `left:${x * COLUMN + 4}px;top:${y * ROW + 44}px;width:${w * COLUMN - 8}px;height:${h * ROW - 8}px`;
    if (panel.type === "row") {
      parts.push(`<div class="row" style="${place}">&#9662; ${escapeHtml(panel.title)}</div>`);
      continue;
    }
    const content = await contentOf(panel, specs.shift()!, fleet);
    const shown = content || `<div class="empty">${escapeHtml(panel.fieldConfig.defaults.noValue ?? "No data")}</div>`;
    const about = escapeHtml(panel.description ?? "");
    parts.push(`<div class="panel" style="${place}"><h2>${escapeHtml(panel.title)}</h2><p>${about}</p>${shown}</div>`);
  }
  const height = Math.max(...panels.map(({ gridPos: { y, h } }) => y + h)) * ROW + 60;
  const title = `<div class="row" style="top:0;left:4px">${escapeHtml(spec.title)}</div>`;
  return { html: `<!doctype html><meta charset="utf-8"><style>${STYLE}</style>${title}${parts.join("")}`, height };
}

async function main(): Promise<void> {
  const [directory] = process.argv.slice(2);
  if (directory === undefined || directory.startsWith("-")) {
    console.log(USAGE);
    return;
  }
  enterPrivateNetwork();
  mkdirSync(directory, { recursive: true });
  await using fleet = await Fleet.start();
  await fleet.suffer();
  const chromium = Bun.which("chromium");
  for (const spec of DASHBOARDS) {
    const { html, height } = await draw(spec, fleet);
    const file = join(directory, `${spec.id}.html`);
    await Bun.write(file, html);
    const size = `--window-size=${24 * COLUMN},${height}`;
    const picture = `--screenshot=${join(directory, `${spec.id}.png`)}`;
    if (chromium !== null)
      await runChild(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", size, picture, `file://${file}`],
        {
          seconds: 60,
        },
      );
    console.log(join(directory, spec.id));
  }
}

await main();
process.exit();
