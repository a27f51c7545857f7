import type { Response } from "../http/v1/schema.ts";
import { escapeControls } from "../log/escape.ts";
import { toJsonLine } from "../util/jsonline.ts";
import type { AdminClient } from "./adminclient.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { printText } from "./output.ts";

/** Names on one line; the rest is counted. */
const MOST_NAMES = 20;

/** Prints how the daemon is. Throws Failure. */
export async function runStatus(client: AdminClient, json: boolean): Promise<ExitCode> {
  const status = await client.get<"Status">("status");
  await printText(json ? toJsonLine(status) : formatStatus(status));
  return EXIT.ok;
}

/** How the daemon is, in lines for people: what is wrong first. */
export function formatStatus(status: Response<"Status">): string {
  const { health, databases, netlink, ports, port_init, store } = status;
  const lines = [
    `${health.status}, ${health.score} of 100${status.ready ? "" : "; not ready yet"}`,
    ...health.reasons.map(({ text, points }) => `  ${text} (-${points})`),
    `ports        ${ports.in_sync} of ${ports.total} in sync, ${ports.with_problems} not in order`,
    ...(status.mode === "sonic" ? [`PortInitDone ${port_init.done ? "sent" : waitsFor(port_init.pending)}`] : []),
    `kernel       ${netlink.connected ? `${netlink.links} links` : "not connected"}`,
    ...databases.map(
      ({ name, usable, failure }) => `${name.padEnd(12)} ${usable ? "connected" : failure || "not connected"}`,
    ),
    `history      ${store.state}${store.reason && `: ${store.reason}`}`,
    `HTTP         ${describeServer(status.http)}`,
    `admin socket ${describeServer(status.admin)}`,
    `running      since ${status.started}, ${status.start_kind ?? "no"} start, version ${status.version}`,
  ];
  return lines.map(escapeControls).join("\n");
}

function waitsFor(pending: readonly string[]): string {
  if (pending.length === 0) return "not sent";
  const more = pending.length > MOST_NAMES ? ` and ${pending.length - MOST_NAMES} more` : "";
  return `waits for ${pending.slice(0, MOST_NAMES).join(" ")}${more}`;
}

function describeServer({ listening, failure, certificate_expires }: Response<"Status">["http"]): string {
  const expiry = certificate_expires === null ? "" : ` (certificate until ${certificate_expires})`;
  const parts = [...(listening.length > 0 ? [`${listening.join(" ")}${expiry}`] : []), ...(failure ? [failure] : [])];
  return parts.join("; ") || "off";
}
