import { describe, expect, test } from "bun:test";

import type { Dashboard, Panel, RowPanel } from "@grafana/grafana-foundation-sdk/dashboard";

import { EXPORT_MARK } from "../../src/monitoring/exportedfile.ts";
import { buildDashboard, dashboardFiles, DASHBOARDS } from "../../src/monitoring/grafana/dashboards.ts";

const GRID_COLUMNS = 24;
const TITLES = [
  "portsyncd / System Health Overview",
  "portsyncd / Sync Performance",
  "portsyncd / Alert Status",
  "portsyncd / Trend Analysis",
  "portsyncd / Ports",
];
/** From what is good to what is bad. */
const RANKS: Readonly<Record<string, number>> = { green: 0, blue: 0, text: 0, yellow: 1, red: 2 };

const dashboards = DASHBOARDS.map(buildDashboard);

type AnyPanel = Panel | RowPanel;

function isRow(panel: AnyPanel): panel is RowPanel {
  return panel.type === "row";
}

function panelsOf({ panels = [] }: Dashboard): Panel[] {
  return panels.filter((panel): panel is Panel => !isRow(panel));
}

/** The cells of the grid that a panel covers. */
function cellsOf({ gridPos }: AnyPanel): string[] {
  const { x, y, w, h } = gridPos!;
  return Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`);
}

function expressionsOf({ targets = [] }: Panel): string[] {
  return targets.map((target) => (target as unknown as { expr: string }).expr);
}

test("dashboardFiles are the dashboards that were promised, each with a mark, an id and a name of its own", () => {
  const files = dashboardFiles();
  const parsed = files.map(({ text }) => JSON.parse(text) as Dashboard);
  expect(parsed.map(({ title }) => title)).toEqual(TITLES);
  expect(files.every(({ text }) => text.includes(EXPORT_MARK))).toBe(true);
  expect(new Set(files.map(({ name }) => name)).size).toBe(TITLES.length);
  for (const { uid } of parsed) expect(uid).toMatch(/^[a-z-]{8,40}$/);
});

/** The limits of each panel of a dashboard that shows a metric. */
function limitsOf(title: string, metric: string): (number | null)[][] {
  return panelsOf(dashboards.find((dashboard) => dashboard.title!.endsWith(title))!)
    .filter((panel) => expressionsOf(panel).some((expression) => expression.includes(`${metric}{`)))
    .map((panel) => panel.fieldConfig!.defaults!.thresholds!.steps.map(({ value }) => value));
}

test("Alert Status shows whether receivers were told, and whether they could not be", () => {
  expect(limitsOf("Alert Status", "portsyncd_notifications_total")).toEqual([[null], [null, 1]]);
});

test("System Health Overview has what the servers and the store count, each in a panel with a limit where there is one", () => {
  for (const [metric, ...limits] of [
    ["portsyncd_http_requests_total", [null], [null, 0.1, 10]],
    ["portsyncd_http_malformed_requests_total", [null, 0.1, 10]],
    ["portsyncd_http_connections_total", [null, 0.1, 10]],
    ["portsyncd_http_aborted_connections_total", [null, 0.1, 10]],
    ["portsyncd_http_open_connections", [null, 100, 128]],
    ["portsyncd_store_degraded", [null, 1]],
    ["portsyncd_backup_due", [null, 1]],
    ["portsyncd_store_size_bytes", [null]],
    ["portsyncd_store_limit_bytes", [null]],
    ["portsyncd_store_queued_transitions", [null, 1000, 10_000]],
    ["portsyncd_store_dropped_transitions_total", [null, 1, 100]],
    ["portsyncd_store_faults_total", [null, 1, 100]],
    ["portsyncd_store_lost_transitions_total", [null, 1, 100]],
    ["portsyncd_corruptions_detected_total", [null, 1, 100]],
  ] as const)
    expect([metric, limitsOf("System Health Overview", metric)]).toEqual([
      metric,
      limits as unknown as (number | null)[][],
    ]);
});

for (const dashboard of dashboards)
  describe(`buildDashboard: ${dashboard.title}`, () => {
    const panels = panelsOf(dashboard);

    test("lays its panels out within the columns, over all of them, and none over another", () => {
      const cells = (dashboard.panels ?? []).flatMap(cellsOf);
      expect(new Set(cells).size).toBe(cells.length);
      for (const { gridPos } of dashboard.panels ?? [])
        expect(gridPos!.x + gridPos!.w).toBeLessThanOrEqual(GRID_COLUMNS);
      const rows = Math.max(...(dashboard.panels ?? []).map(({ gridPos }) => gridPos!.y + gridPos!.h));
      expect(cells.length).toBe(rows * GRID_COLUMNS);
      expect(new Set((dashboard.panels ?? []).map(({ id }) => id)).size).toBe(dashboard.panels!.length);
    });

    test("lets one choose the data source, switches and, where it is about ports, ports", () => {
      const variables = dashboard.templating!.list!.map(({ name, type }) => `${name} ${type}`);
      const ports = dashboard.title!.endsWith("Ports") ? ["port query"] : [];
      expect(variables).toEqual(["datasource datasource", "instance query", ...ports]);
      for (const panel of panels)
        for (const expression of expressionsOf(panel)) {
          const selectors = expression.match(/\b(?:portsyncd|process)_\w+(?:\{[^}]*\})?/g) ?? [];
          expect([expression, selectors.length > 0]).toEqual([expression, true]);
          for (const selector of selectors) expect(selector).toContain('instance=~"$instance"');
        }
      expect(panels.every(({ datasource }) => datasource!.uid === "${datasource}")).toBe(true);
    });

    test("says of each panel what it shows, in which unit, and where it gets bad", () => {
      for (const panel of panels) {
        expect([panel.title, /^[A-Z].{10,}\.$/.test(panel.description ?? "")]).toEqual([panel.title, true]);
        const { unit, thresholds } = panel.fieldConfig!.defaults!;
        expect([panel.title, unit === undefined || unit === ""]).toEqual([panel.title, false]);
        expect([panel.title, thresholds!.steps.length > 0]).toEqual([panel.title, true]);
        expect(expressionsOf(panel).length).toBeGreaterThan(0);
        for (const target of panel.targets!)
          expect([panel.title, (target as unknown as { legendFormat: string }).legendFormat]).not.toContain("");
      }
    });

    test("has thresholds that rise, and get worse in one direction only", () => {
      for (const panel of panels) {
        const [first, ...steps] = panel.fieldConfig!.defaults!.thresholds!.steps;
        const values = steps.map(({ value }) => value!);
        expect([panel.title, first!.value]).toEqual([panel.title, null]);
        expect([panel.title, values]).toEqual([panel.title, [...new Set(values)].sort((a, b) => a - b)]);
        const ranks = [first!, ...steps].map(({ color }) => RANKS[color!]!);
        const rising = ranks.toSorted((a, b) => a - b);
        const isOneWay = [rising, rising.toReversed()].some((order) => order.join() === ranks.join());
        expect([panel.title, isOneWay]).toEqual([panel.title, true]);
      }
    });
  });
