import * as bargauge from "@grafana/grafana-foundation-sdk/bargauge";
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TableCellDisplayMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  type Panel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import * as stat from "@grafana/grafana-foundation-sdk/stat";
import * as statetimeline from "@grafana/grafana-foundation-sdk/statetimeline";
import * as table from "@grafana/grafana-foundation-sdk/table";
import * as timeseries from "@grafana/grafana-foundation-sdk/timeseries";

import { COLORS, type PanelSpec, type Target, type Thresholds } from "./panelspec.ts";

/** The data source that the variable of the dashboard names. */
export const DATASOURCE = { type: "prometheus", uid: "${datasource}" } as const;

const UNITS: Readonly<Record<PanelSpec["unit"], string>> = {
  "": "short",
  percent: "percent",
  seconds: "s",
  bytes: "bytes",
  points: "suffix: points",
  "per second": "suffix: /s",
  "points per hour": "suffix: points/h",
  "bytes per hour": "bytes",
  "standard deviations": "suffix: σ",
  times: "suffix:×",
};

const OF_THE_PRESENT: ReadonlySet<PanelSpec["kind"]> = new Set(["stat", "bars", "table"]);

/** What all kinds of panels can be told. */
interface AnyBuilder extends Builder<Panel> {
  id(id: number): this;
  title(title: string): this;
  description(description: string): this;
  datasource(datasource: typeof DATASOURCE): this;
  span(columns: number): this;
  height(rows: number): this;
  interval(interval: string): this;
  unit(unit: string): this;
  thresholds(thresholds: ThresholdsConfigBuilder): this;
  colorScheme(color: FieldColorBuilder): this;
  mappings(mappings: ValueMapping[]): this;
  noValue(text: string): this;
  min(min: number): this;
  max(max: number): this;
  withTarget(target: DataqueryBuilder): this;
}

function thresholdsOf({ below, from }: Thresholds): ThresholdsConfigBuilder {
  const steps = [
    { value: null, color: COLORS[below] },
    ...from.map(([value, color]) => ({ value, color: COLORS[color] })),
  ];
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
}

function mappingsOf(names: NonNullable<PanelSpec["names"]>): ValueMapping[] {
  const options = Object.entries(names).map(
    ([value, [text, color]], index) => [value, { text, color: COLORS[color], index }] as const,
  );
  return [{ type: MappingType.ValueToText, options: Object.fromEntries(options) }];
}

function targetOf({ expression, legend }: Target, at: number, kind: PanelSpec["kind"]): DataqueryBuilder {
  const query = new DataqueryBuilder()
    .datasource(DATASOURCE)
    .refId(String.fromCharCode(65 + at))
    .expr(expression)
    .legendFormat(legend)
    .format(kind === "table" ? PromQueryFormat.Table : PromQueryFormat.TimeSeries);
  // What looks back a day is asked for once, not for each point of a line that nobody sees.
  return OF_THE_PRESENT.has(kind) ? query.instant() : query.range();
}

function legend(isLong: boolean): VizLegendOptionsBuilder {
  const options = new VizLegendOptionsBuilder().showLegend(true).placement(LegendPlacement.Bottom);
  return isLong
    ? options.displayMode(LegendDisplayMode.Table).calcs(["lastNotNull", "max"])
    : options.displayMode(LegendDisplayMode.List);
}

function linesPanel({ thresholds, kind, height }: PanelSpec): timeseries.PanelBuilder {
  const hasLimit = thresholds.from.length > 0;
  const panel = new timeseries.PanelBuilder()
    .lineWidth(1)
    .fillOpacity(kind === "stack" ? 30 : 5)
    // A lone point is an event, too, on a switch where little happens.
    .showPoints(VisibilityMode.Auto)
    .spanNulls(false)
    .axisSoftMin(0)
    .legend(legend(height > 7))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .thresholdsStyle(
      new GraphThresholdsStyleConfigBuilder().mode(
        hasLimit ? GraphThresholdsStyleMode.Dashed : GraphThresholdsStyleMode.Off,
      ),
    );
  return kind === "stack" ? panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal)) : panel;
}

function statPanel({ names }: PanelSpec): stat.PanelBuilder {
  return new stat.PanelBuilder()
    .colorMode(names ? BigValueColorMode.Background : BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None)
    .textMode(BigValueTextMode.ValueAndName)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]));
}

function barsPanel(): bargauge.PanelBuilder {
  return new bargauge.PanelBuilder()
    .orientation(VizOrientation.Horizontal)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]));
}

const COLORED_TEXT = { id: "custom.cellOptions", value: { type: TableCellDisplayMode.ColorText } };

/** A table has the labels that were asked for as columns, and the value of each query. */
function tablePanel({ columns = {}, targets }: PanelSpec): table.PanelBuilder {
  const values = targets.map((target, i): [string, string] => [
    targets.length === 1 ? "Value" : `Value #${String.fromCharCode(65 + i)}`,
    target.legend,
  ]);
  const renameByName = { ...columns, ...Object.fromEntries(values) };
  const names = Object.keys(renameByName);
  const panel = new table.PanelBuilder();
  for (const { legend, unit, names: called } of targets) {
    const properties = [
      ...(unit === undefined ? [] : [{ id: "unit", value: UNITS[unit] }]),
      ...(called === undefined ? [] : [{ id: "mappings", value: mappingsOf(called) }, COLORED_TEXT]),
    ];
    if (properties.length > 0) panel.overrideByName(legend, properties);
  }
  return panel
    .showHeader(true)
    .withTransformation({ id: "merge", options: {} })
    .withTransformation({ id: "filterFieldsByName", options: { include: { names } } })
    .withTransformation({
      id: "organize",
      options: { indexByName: Object.fromEntries(names.map((name, i) => [name, i])), renameByName },
    });
}

function builderOf(spec: PanelSpec): AnyBuilder {
  switch (spec.kind) {
    case "lines":
    case "stack":
      return linesPanel(spec);
    case "stat":
      return statPanel(spec);
    case "bars":
      return barsPanel();
    case "states":
      return new statetimeline.PanelBuilder().mergeValues(true).rowHeight(0.8).legend(legend(false));
    case "table":
      return tablePanel(spec);
  }
}

/** A panel for the builder of a dashboard. */
export function buildPanel(spec: PanelSpec, id: number): Builder<Panel> {
  const mode =
    spec.kind === "lines" || spec.kind === "stack" ? FieldColorModeId.PaletteClassic : FieldColorModeId.Thresholds;
  const panel = builderOf(spec)
    .id(id)
    .title(spec.title)
    .description(spec.description)
    .datasource(DATASOURCE)
    .span(spec.width)
    .height(spec.height)
    .interval("1m")
    .unit(UNITS[spec.unit])
    .thresholds(thresholdsOf(spec.thresholds))
    .colorScheme(new FieldColorBuilder().mode(mode));
  if (spec.names) panel.mappings(mappingsOf(spec.names));
  if (spec.empty !== undefined) panel.noValue(spec.empty);
  if (spec.min !== undefined) panel.min(spec.min);
  if (spec.max !== undefined) panel.max(spec.max);
  for (const [i, target] of spec.targets.entries()) panel.withTarget(targetOf(target, i, spec.kind));
  return panel;
}
