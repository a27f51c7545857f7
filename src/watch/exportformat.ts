import type { Config } from "../config/schema.ts";

/** Why a configuration has the metrics not told over HTTP; "" when they are. */
export function whyNotServed({ enabled, export_format }: Config["metrics"]): string {
  if (!enabled) return "[metrics] enabled is false";
  return export_format === "json" ? '[metrics] export_format is "json": storage_path has them in metrics.json' : "";
}
