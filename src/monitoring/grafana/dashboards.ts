import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";

import { EXPORT_MARK, type ExportedFile } from "../exportedfile.ts";
import { FLEET, series } from "../promql.ts";
import { ALERT_STATUS } from "./alertstatus.ts";
import { buildPanel, DATASOURCE } from "./panel.ts";
import { type DashboardSpec, ON_DASHBOARD } from "./panelspec.ts";
import { PORTS } from "./ports.ts";
import { SYNC_PERFORMANCE } from "./syncperformance.ts";
import { SYSTEM_HEALTH } from "./systemhealth.ts";
import { TREND_ANALYSIS } from "./trendanalysis.ts";

/** All dashboards, in the order in which one looks at them. */
export const DASHBOARDS: readonly DashboardSpec[] = [
  SYSTEM_HEALTH,
  SYNC_PERFORMANCE,
  ALERT_STATUS,
  TREND_ANALYSIS,
  PORTS,
];

const TAG = "portsyncd";

function chooser(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query({ query, refId: name })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.NaturalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(".+")
    .current({ text: "All", value: "$__all" });
}

/** A dashboard as Grafana reads it. */
export function buildDashboard({ id, title, description, hasPorts, sections }: DashboardSpec): Dashboard {
  const builder = new DashboardBuilder(`portsyncd / ${title}`)
    .uid(`portsyncd-${id}`)
    .description(`${description} ${EXPORT_MARK} grafana.`)
    .tags([TAG])
    .time({ from: "now-6h", to: "now" })
    .refresh("30s")
    .timezone("browser")
    .editable()
    .tooltip(DashboardCursorSync.Crosshair)
    .link(
      new DashboardLinkBuilder("portsyncd")
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .includeVars(true)
        .keepTime(true),
    )
    .withVariable(new DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"))
    .withVariable(chooser("instance", "Switch", `label_values(${series(FLEET, "portsyncd_build_info")}, instance)`));
  if (hasPorts)
    builder.withVariable(
      chooser("port", "Port", `label_values(${series(ON_DASHBOARD, "portsyncd_port_oper_up")}, port)`),
    );
  let panels = 0;
  for (const section of sections) {
    builder.withRow(new RowBuilder(section.title).id(++panels));
    for (const panel of section.panels) builder.withPanel(buildPanel(panel, ++panels));
  }
  return builder.build();
}

/** The dashboards as files to be imported or provisioned. */
export function dashboardFiles(): ExportedFile[] {
  return DASHBOARDS.map((spec) => ({
    name: `portsyncd-${spec.id}.json`,
    text: `${JSON.stringify(buildDashboard(spec), undefined, 2)}\n`,
  }));
}
