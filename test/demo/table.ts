import type { PortView } from "./observer.ts";

/** What the table's head says. */
export interface Summary {
  readonly title: string;
  readonly events: number;
  readonly wrong: number;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

/** The room there is; `rows` may be Infinity. */
export interface Room {
  readonly columns: number;
  readonly rows: number;
  readonly color: boolean;
}

interface Cell {
  readonly width: number;
  readonly head: string;
  readonly format: (port: PortView) => string;
}

const GAP = "  ";
const HEAD_LINES = 3;

/** How a cell writes admin status, oper status and MTU. */
type StateFormat = (admin: string, oper: string, mtu: string) => string;

const inWords: StateFormat = (admin, oper, mtu) => `${admin.padEnd(4)} ${oper.padEnd(4)} ${mtu.padStart(5)}`;
const inBrief: StateFormat = (admin, oper, mtu) => `${short(admin)}/${short(oper)} ${mtu}`;

const WIDE: Cell = {
  width: 57,
  head: "port         kernel          STATE_DB           latency",
  format: (port) => {
    const [link, row] = states(port, inWords);
    return line(port.name.padEnd(12), link.padEnd(15), row.padEnd(15), port, 8);
  },
};

const COMPACT: Cell = {
  width: 38,
  head: "port    kernel     STATE_DB    latency",
  format: (port) => {
    const [link, row] = states(port, inBrief);
    return line(port.name.replace("Ethernet", "Eth").padEnd(7), link.padEnd(10), row.padEnd(10), port, 6);
  },
};

function states({ kernel, row }: PortView, format: StateFormat): [string, string] {
  return [
    kernel ? format(kernel.admin, kernel.oper, `${kernel.mtu}`) : "no link",
    row ? format(row["admin_status"] ?? "?", row["netdev_oper_status"] ?? "?", row["mtu"] ?? "?") : "no row",
  ];
}

function line(name: string, link: string, row: string, port: PortView, latencyWidth: number): string {
  return `${name} ${link} ${row} ${port.equal ? "= " : "!="} ${formatLatency(port.latencyMs).padStart(latencyWidth)}`;
}

function short(word: string): string {
  return word === "down" ? "--" : word.slice(0, 2);
}

/** Three to five characters and the unit. */
export function formatLatency(ms: number | undefined): string {
  if (ms === undefined) return "";
  return ms < 10 ? `${Math.round(ms * 1000)}us` : `${Math.round(ms)}ms`;
}

/** Two lines on the whole: what this is, and the numbers. */
export function formatHead(summary: Summary): string[] {
  const latency = `p50 ${formatLatency(summary.p50Ms) || "-"}, p99 ${formatLatency(summary.p99Ms) || "-"}`;
  const wrong = `${summary.wrong} ${summary.wrong === 1 ? "port" : "ports"} wrong now`;
  return [summary.title, `${summary.events} kernel events, ${wrong}, latency ${latency}`];
}

/** The head and the ports in as many columns as they need and as fit; what does not fit is counted in the last line. */
export function formatTable(ports: readonly PortView[], summary: Summary, room: Room): string[] {
  const lines = Math.max(1, room.rows - HEAD_LINES);
  const fitting = [WIDE, COMPACT].find((cell) => ports.length <= columnsOf(cell, room) * lines) ?? COMPACT;
  const columns = Math.min(columnsOf(fitting, room), Math.max(1, Math.ceil(ports.length / lines)));
  const shownPorts = ports.length <= columns * lines ? ports : ports.slice(0, columns * (lines - 1));
  const height = Math.ceil(shownPorts.length / columns);
  const body = Array.from({ length: height }, (_, y) =>
    Array.from({ length: columns }, (__, x) => shownPorts[x * height + y])
      .filter((port) => port !== undefined)
      .map((port) => paint(fitting.format(port).padEnd(fitting.width), port.equal, room.color))
      .join(GAP)
      .trimEnd(),
  );
  const head = Array.from({ length: columns }, () => fitting.head.slice(0, fitting.width).padEnd(fitting.width)).join(
    GAP,
  );
  const left = ports.length - shownPorts.length;
  const more = left > 0 ? [`... and ${left} more`] : [];
  return [...formatHead(summary).map((text) => text.slice(0, room.columns)), head.trimEnd(), ...body, ...more];
}

function columnsOf(cell: Cell, room: Room): number {
  return Math.max(1, Math.floor((room.columns + GAP.length) / (cell.width + GAP.length)));
}

function paint(text: string, equal: boolean, color: boolean): string {
  return color && !equal ? `\x1b[31m${text}\x1b[0m` : text;
}
