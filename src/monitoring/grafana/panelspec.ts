import type { View } from "../promql.ts";
import type { QueryUnit } from "../query.ts";
import { QUERIES, type QueryId } from "../querylibrary.ts";

/** The columns of a dashboard. */
export const GRID_COLUMNS = 24;

/** The queries of dashboards: about the chosen instances, and rates over what one pixel shows or more. */
export const ON_DASHBOARD: View = { matchers: ['instance=~"$instance"'], window: "$__rate_interval" };

/** The same about the chosen ports, for metrics that have one series for each. */
export const ON_PORTS: View = { ...ON_DASHBOARD, matchers: ['instance=~"$instance"', 'port=~"$port"'] };

/** What is good, what deserves a look, and what does not work. */
export const COLORS = { good: "green", warning: "yellow", bad: "red", neutral: "blue", none: "text" } as const;

/** One of the colors. */
export type Color = keyof typeof COLORS;

/** Colors from a value on; the first is for all below. */
export interface Thresholds {
  readonly below: Color;
  readonly from: readonly (readonly [value: number, color: Color])[];
}

/** What a value is called, and how good it is. */
export type Names = Readonly<Record<string, readonly [name: string, color: Color]>>;

/** A query of a panel. */
export interface Target {
  readonly expression: string;
  /** How a series is called, with its labels in double braces. */
  readonly legend: string;
  /** Of a column of a table, where it is not that of the panel. */
  readonly unit?: QueryUnit;
  /** Of a column of a table. */
  readonly names?: Names;
}

/** What a panel shows its numbers with. */
export type PanelKind = "stat" | "lines" | "stack" | "states" | "table" | "bars";

/** A panel, as data. */
export interface PanelSpec {
  readonly kind: PanelKind;
  readonly title: string;
  readonly description: string;
  readonly unit: QueryUnit;
  readonly targets: readonly Target[];
  readonly thresholds: Thresholds;
  readonly names?: Names;
  /** The ends of the axis, where they are known. */
  readonly min?: number;
  readonly max?: number;
  /** What is shown while there is nothing. */
  readonly empty?: string;
  /** Labels that are columns of a table, by the name over the column. */
  readonly columns?: Readonly<Record<string, string>>;
  readonly width: number;
  readonly height: number;
}

/** Panels under one heading. */
export interface Section {
  readonly title: string;
  readonly panels: readonly PanelSpec[];
}

/** A dashboard, as data. */
export interface DashboardSpec {
  /** Its id in Grafana and the name of its file. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
  /** Whether ports can be chosen. */
  readonly hasPorts: boolean;
  readonly sections: readonly Section[];
}

/** No value is better than another. */
export const NEUTRAL: Thresholds = { below: "neutral", from: [] };

/** The more, the worse. */
export function worseFrom(warning: number, bad?: number): Thresholds {
  return { below: "good", from: [[warning, "warning"], ...(bad === undefined ? [] : ([[bad, "bad"]] as const))] };
}

/** The less, the worse: bad below `warning`, good from `good` on. */
export function betterFrom(warning: number, good: number): Thresholds {
  return {
    below: "bad",
    from: [
      [warning, "warning"],
      [good, "good"],
    ],
  };
}

/** A target that asks a query of the library. */
export function ask(id: QueryId, legend = "{{instance}}", view: View = ON_DASHBOARD): Target {
  return { expression: QUERIES[id].expression(view), legend };
}

type Look = Omit<PanelSpec, "title" | "description" | "unit" | "targets"> & {
  readonly title?: string;
  readonly legend?: string;
  readonly view?: View;
  /** Leaves out series while they are 0: what is wrong has many names, and most of them never apply. */
  readonly isSparse?: boolean;
};

/** A panel of one query of the library, with its title, description and unit. */
export function panelOf(id: QueryId, { title, legend, view, isSparse, ...look }: Look): PanelSpec {
  const { title: usual, description, unit } = QUERIES[id];
  const target = ask(id, legend, view);
  const expression = isSparse ? `${target.expression} > 0` : target.expression;
  return { ...look, title: title ?? usual, description, unit, targets: [{ ...target, expression }] };
}
