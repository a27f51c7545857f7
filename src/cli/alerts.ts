import type { Response } from "../http/v1/schema.ts";
import { escapeControls, quoteWord } from "../log/escape.ts";
import { toJsonLine } from "../util/jsonline.ts";
import type { AdminClient } from "./adminclient.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { printText } from "./output.ts";

type Alert = Response<"Alerts">["alerts"][number];
type Silence = Response<"Silence">;

// The longest state and severity.
const STATE_WIDTH = "suppressed".length;
const SEVERITY_WIDTH = "critical".length;

/** Prints the alerts, the most urgent first. Throws Failure. */
export async function runAlerts(client: AdminClient, json: boolean): Promise<ExitCode> {
  const { alerts, silences } = await client.get<"Alerts">("alerts");
  if (!json) await printText(formatAlerts(alerts, silences));
  else if (alerts.length > 0) await printText(alerts.map(toJsonLine).join("\n"));
  return EXIT.ok;
}

/** Alerts and silences in lines for people. */
export function formatAlerts(alerts: readonly Alert[], silences: readonly Silence[]): string {
  const lines = alerts.length === 0 ? ["no alerts"] : alerts.flatMap(formatAlert);
  return [...lines, ...silences.map((silence) => `silence ${formatSilence(silence)}`)].map(escapeControls).join("\n");
}

/** A silence on one line, with its id first. */
export function formatSilence({ id, rule, severity, port, reason, expires }: Silence): string {
  const about = [rule, severity, port === null ? null : quoteWord(port)].filter((part) => part !== null).join(", ");
  return escapeControls(`${id} of ${about} until ${expires}: ${reason}`);
}

function formatAlert({ state, severity, rule, port, since, summary, action, silence }: Alert): string[] {
  const about = port === null ? rule : `${rule} ${quoteWord(port)}`;
  const isOver = state === "resolved";
  const when = `since ${since}${isOver ? "; it was" : ""}`;
  const first = `${state.padEnd(STATE_WIDTH)} ${severity.padEnd(SEVERITY_WIDTH)} ${about} ${when}: ${summary}`;
  return [first, ...(isOver ? [] : [`  ${action}`]), ...(silence ? [`  silenced by ${formatSilence(silence)}`] : [])];
}
