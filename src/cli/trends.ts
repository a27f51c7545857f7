import type { Response } from "../http/v1/schema.ts";
import { escapeControls, quoteWord } from "../log/escape.ts";
import { toJsonLine } from "../util/jsonline.ts";
import type { AdminClient } from "./adminclient.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { printText } from "./output.ts";

// The longest series, tier and verdict, and IFNAMSIZ.
const SERIES_WIDTH = "event_latency_p99".length;
const TIER_WIDTH = "month".length;
const PORT_WIDTH = 15;
const VERDICT_WIDTH = "flapping".length;

/** Prints where things are going: the series, then the ports that flap, the worst first. Throws Failure. */
export async function runTrends(client: AdminClient, json: boolean): Promise<ExitCode> {
  const trends = await client.get<"Trends">("trends");
  const lines = json ? [...trends.series, ...trends.ports].map(toJsonLine) : formatTrends(trends);
  if (lines.length > 0) await printText(lines.join("\n"));
  return EXIT.ok;
}

/** The trends in lines for people. */
export function formatTrends({ series, ports }: Response<"Trends">): string[] {
  const lines = [
    ...series.map(
      ({ series: name, tier, words }) => `${name.padEnd(SERIES_WIDTH)} ${tier.padEnd(TIER_WIDTH)} ${words}`,
    ),
    ...ports.map(
      ({ port, verdict, words }) => `${quoteWord(port).padEnd(PORT_WIDTH)} ${verdict.padEnd(VERDICT_WIDTH)} ${words}`,
    ),
  ];
  return (lines.length > 0 ? lines : ["no trends yet"]).map(escapeControls);
}
