import { createHash } from "node:crypto";

import { formatSeconds } from "../trend/quantity.ts";
import { Html, html, type Part } from "./html.ts";
import { MOST_ROWS, type PageFacts } from "./pagefacts.ts";
import { PAGE_STYLE } from "./pagestyle.ts";
import { PROBLEM_WORDS } from "./v1/portproblem.ts";
import type { Response } from "./v1/schema.ts";

/** How often a browser asks for the page again, in seconds. */
const REFRESH_SECONDS = 15;

/** Not written in the page itself: its hash is of every space in it. */
const STYLE = new Html(`<style>${PAGE_STYLE}</style>`);
const STYLE_HASH = createHash("sha256").update(PAGE_STYLE).digest("base64");

/** What the page may do: show itself with its own style, and nothing else. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${STYLE_HASH}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The page: how the daemon is and why, and what is not in order. Without a script. */
export function formatPage({ status, troubled, alerts, changes }: PageFacts): string {
  const where = status.namespace === "" ? "portsyncd" : `portsyncd ${status.namespace}`;
  const page = html`<!doctype html>
    <html lang="en">
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta http-equiv="refresh" content="${REFRESH_SECONDS}" />
      <title>${status.health.status} - ${where}</title>
      ${STYLE} ${formatHeader(status, where)}
      <main>
        ${formatPorts(status, troubled)} ${formatAlerts(alerts)} ${formatChanges(changes, status.time)}
        ${formatDaemon(status)}
      </main>
      <footer>
        <p class="dim">
          As of ${formatTime(status.time)}; asked for again every ${REFRESH_SECONDS} s. Also:
          <a href="/metrics">metrics</a>, <a href="/api/v1">API</a>.
        </p>
      </footer>
    </html> `;
  return page.text;
}

function formatHeader({ health, port_init, ready }: Response<"Status">, where: string): Html {
  const reasons = health.reasons.map(
    ({ text, points }) => html`<li>${text} <span class="dim">(-${points})</span></li>`,
  );
  const notes = [
    ...(ready ? [] : [html`<p>What the kernel had at the start is not published yet.</p>`]),
    ...(port_init.pending.length === 0
      ? []
      : [html`<p>PortInitDone waits for ${port_init.pending.length}: ${formatNames(port_init.pending)}</p>`]),
  ];
  return html`<header class="${health.status}">
    <h1>${where} is <span class="word">${health.status}</span>, ${health.score} of 100</h1>
    ${
      reasons.length > 0
        ? html`<ul>
            ${reasons}
          </ul>`
        : html`<p>Nothing is wrong with the daemon.</p>`
    }
    ${notes}
  </header>`;
}

function formatPorts({ ports, time }: Response<"Status">, troubled: PageFacts["troubled"]): Html {
  const title = html`<h2>Ports that are not in order: ${ports.with_problems} of ${ports.total}</h2>`;
  if (troubled.length === 0)
    return html`${title}
      <p class="dim">None. Ports that were shut down are in order.</p>`;
  const rows = troubled.map(
    (port) =>
      html`<tr>
        <td class="name">${port.name}</td>
        <td>${port.problems.map((name) => PROBLEM_WORDS[name]).join("; ")}</td>
        <td>${port.admin ?? "-"} / ${port.oper ?? "-"}</td>
        <td>${port.flaps_total}</td>
        <td>${formatAgo(port.last_change, time)}</td>
      </tr>`,
  );
  const more = ports.with_problems - troubled.length;
  return html`${title}${table(["port", "what is wrong", "admin / oper", "flaps", "last change"], rows)}
  ${more > 0 ? html`<p>The first ${MOST_ROWS}; <a href="/api/v1/ports">all ports</a>.</p>` : ""}`;
}

function formatAlerts({ alerts, silences, time }: Response<"Alerts">): Html {
  const active = alerts.filter(({ state }) => state !== "resolved");
  const over = alerts.length - active.length;
  const note = html`<p class="dim">${silences.length} silences, ${over} resolved lately.</p>`;
  if (active.length === 0)
    return html`<h2>Alerts: none</h2>
      ${note}`;
  const rows = active.slice(0, MOST_ROWS).map(
    (alert) =>
      html`<tr class="${alert.severity}">
        <td class="word">${alert.severity}</td>
        <td>${formatState(alert)}</td>
        <td class="name">${alert.rule}${alert.port === null ? "" : html`<br />${alert.port}`}</td>
        <td>${alert.summary}<br /><span class="dim">${alert.action}</span></td>
        <td>${formatAgo(alert.since, time)}</td>
      </tr>`,
  );
  return html`<h2>Alerts: ${active.length}</h2>
    ${table(["severity", "state", "rule", "what, and what to do", "since"], rows)}${note}`;
}

function formatState({ state, silence }: Response<"Alerts">["alerts"][number]): Part {
  return silence ? html`silenced until ${formatTime(silence.expires)}: ${silence.reason}` : state;
}

function formatChanges(changes: PageFacts["changes"], now: string): Html {
  const title = html`<h2>Last changes</h2>`;
  if (typeof changes === "string")
    return html`${title}
      <p>Not known: ${changes}</p>`;
  if (changes.length === 0)
    return html`${title}
      <p class="dim">None.</p>`;
  const rows = changes.map(
    (change) =>
      html`<tr>
        <td>${formatAgo(change.time, now)}</td>
        <td class="name">${change.port}</td>
        <td>${formatSnapshot(change.old)}</td>
        <td>${formatSnapshot(change.new)}</td>
        <td>${change.cause}</td>
      </tr>`,
  );
  return html`${title}${table(["when", "port", "before", "then", "told by"], rows)}`;
}

function formatDaemon(status: Response<"Status">): Html {
  const { databases, netlink, store, http, admin } = status;
  const facts: [string, Part][] = [
    ["version", `${status.version}, ${status.mode}, ${status.start_kind ?? "no"} start`],
    ["running since", formatAgo(status.started, status.time)],
    ["kernel", netlink.connected ? `${netlink.links} links` : word("unhealthy", "not connected")],
    ...databases.map(({ name, usable, failure }): [string, Part] => [
      name,
      usable ? "connected" : word("unhealthy", failure || "not connected"),
    ]),
    ["ports", `${status.ports.in_sync} of ${status.ports.total} in sync`],
    ["history", store.state === "degraded" ? word("degraded", store.reason) : `${store.state}, ${store.bytes} bytes`],
    ["HTTP", http.failure ? word("degraded", http.failure) : http.listening.join(" ") || "off"],
    ["admin socket", admin.failure ? word("degraded", admin.failure) : admin.listening.join(" ") || "off"],
    ...(http.certificate_expires === null
      ? []
      : [["certificate", html`expires ${formatTime(http.certificate_expires)}`] as [string, Part]]),
  ];
  return html`<h2>Daemon</h2>
    <dl>
      ${facts.map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd>`,
      )}
    </dl>`;
}

function table(titles: readonly string[], rows: readonly Html[]): Html {
  const heads = titles.map((title) => html`<th scope="col">${title}</th>`);
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

function word(mark: string, text: string): Html {
  return html`<span class="word ${mark}">${text}</span>`;
}

function formatTime(time: string | null): Html {
  return time === null
    ? html`-`
    : html`<time datetime="${time}">${time.replace("T", " ").replace(/\.\d+Z$/, " UTC")}</time>`;
}

/** A time and how long ago that was; a clock that was put back since says nothing. */
function formatAgo(time: string | null, now: string): Html {
  const seconds = time === null ? NaN : (Date.parse(now) - Date.parse(time)) / 1000;
  return seconds >= 0
    ? html`${formatTime(time)} <span class="dim ago">${formatSeconds(seconds, 2)} ago</span>`
    : formatTime(time);
}

function formatSnapshot(state: Response<"History">["transitions"][number]["new"]): string {
  return state ? `admin ${state.admin ?? "-"}, oper ${state.oper ?? "-"}, mtu ${state.mtu}` : "absent";
}

function formatNames(names: readonly string[]): string {
  const more = names.length > MOST_ROWS ? ` and ${names.length - MOST_ROWS} more` : "";
  return names.slice(0, MOST_ROWS).join(", ") + more;
}
