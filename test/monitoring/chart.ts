import type { AnswerOverTime } from "./prometheus.ts";

/** How a value is written, and in which color it is shown. */
export interface Look {
  readonly format: (value: number) => string;
  readonly color: (value: number) => string;
}

/** A series with its name. */
export interface Line {
  readonly name: string;
  readonly points: AnswerOverTime["points"];
}

/** What a chart of lines is drawn with. */
export interface LineOptions extends Look {
  readonly width: number;
  readonly height: number;
  readonly start: number;
  readonly end: number;
  readonly isStacked: boolean;
  readonly limits: readonly { readonly value: number; readonly color: string }[];
  readonly min: number | undefined;
  readonly max: number | undefined;
}

const PALETTE = [
  "#73bf69",
  "#f2cc0c",
  "#5794f2",
  "#ff9830",
  "#f2495c",
  "#b877d9",
  "#8ab8ff",
  "#96d98d",
  "#ffa6b0",
  "#c0d8ff",
];
const LEFT = 78;
const TICKS = 4;

/** Text as HTML has it. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function legendOf(lines: readonly Line[], format: Look["format"]): string {
  const entries = lines.map(({ name, points }, i) => {
    const last = points.findLast(([, each]) => Number.isFinite(each))?.[1];
    const value = last === undefined ? "-" : format(last);
    return `<span><b style="color:${PALETTE[i % PALETTE.length]}">&#9473;</b> ${escapeHtml(name)} <i>${escapeHtml(value)}</i></span>`;
  });
  return `<div class="legend">${entries.join(" ")}</div>`;
}

/** The lines on top of each other. */
function stack(lines: readonly Line[]): Line[] {
  const sums = new Map<number, number>();
  return lines.map(({ name, points }) => ({
    name,
    points: points.map(([seconds, value]) => {
      const sum = (sums.get(seconds) ?? 0) + value;
      sums.set(seconds, sum);
      return [seconds, sum] as const;
    }),
  }));
}

/** The ends of the axis of values. */
function rangeOf(lines: readonly Line[], { min, max }: LineOptions): [number, number] {
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value)).filter(Number.isFinite);
  const low = Math.min(min ?? 0, ...values);
  const high = Math.max(max ?? Number.NEGATIVE_INFINITY, ...values, low);
  return [low, high === low ? low + 1 : high];
}

/** Lines over time, with limits where they are within sight. */
export function drawLines(given: readonly Line[], options: LineOptions): string {
  const { width, start, end, format, limits } = options;
  const height = options.height - 24 - 18 * Math.min(4, Math.ceil(given.length / Math.max(1, Math.floor(width / 240))));
  const lines = options.isStacked ? stack(given) : given;
  const [low, high] = rangeOf(lines, options);
  const x = (seconds: number) => LEFT + ((seconds - start) / (end - start)) * (width - LEFT - 8);
  const y = (value: number) => 6 + (1 - (value - low) / (high - low)) * (height - 26);
  const ticks = Array.from({ length: TICKS + 1 }, (_, i) => low + ((high - low) * i) / TICKS);
  const parts = ticks.map(
    (value) =>
      `<line x1="${LEFT}" x2="${width - 8}" y1="${y(value)}" y2="${y(value)}" class="grid"/><text x="${LEFT - 6}" y="${y(value) + 4}" text-anchor="end">${escapeHtml(format(value))}</text>`,
  );
  for (const { value, color } of limits)
    if (value > low && value < high)
      parts.push(
        `<line x1="${LEFT}" x2="${width - 8}" y1="${y(value)}" y2="${y(value)}" stroke="${color}" stroke-dasharray="6 4"/>`,
      );
  for (let i = 0; i <= 4; i++) {
    const seconds = start + ((end - start) * i) / 4;
    parts.push(
      `<text x="${x(seconds)}" y="${height - 4}" text-anchor="middle">${new Date(seconds * 1000).toISOString().slice(11, 19)}</text>`,
    );
  }
  for (const [i, { points }] of lines.entries()) {
    const color = PALETTE[i % PALETTE.length]!;
    const shown = points.filter(([, value]) => Number.isFinite(value));
    let last = Number.NEGATIVE_INFINITY;
    const path = shown.map(([seconds, value]) => {
      const joint = seconds - last > 1.5 ? "M" : "L";
      last = seconds;
      return `${joint}${x(seconds)} ${y(value)}`;
    });
    parts.push(`<path d="${path.join("")}" fill="none" stroke="${color}" stroke-width="1.5" stroke-linecap="round"/>`);
  }
  return `<svg width="${width}" height="${height}">${parts.join("")}</svg>${legendOf(given, format)}`;
}

/** A row for each series, colored by its value. */
export function drawStates(lines: readonly Line[], options: LineOptions): string {
  const { width, height, start, end, color, format } = options;
  const row = Math.min(34, (height - 30) / Math.max(1, lines.length));
  const left = 150;
  const x = (seconds: number) => left + ((seconds - start) / (end - start)) * (width - left - 8);
  const parts = lines.flatMap(({ name, points }, i) => [
    `<text x="${left - 6}" y="${i * row + row / 2 + 4}" text-anchor="end">${escapeHtml(name)}</text>`,
    ...points.map(
      ([seconds, value]) =>
        `<rect x="${x(seconds)}" y="${i * row + 2}" width="${x(start + 1) - x(start) + 0.5}" height="${row - 4}" fill="${color(value)}"/>`,
    ),
  ]);
  const names = [...new Set(lines.flatMap(({ points }) => points.map(([, value]) => value)))].sort();
  const legend = names.map(
    (value) => `<span><b style="color:${color(value)}">&#9632;</b> ${escapeHtml(format(value))}</span>`,
  );
  return `<svg width="${width}" height="${row * lines.length + 6}">${parts.join("")}</svg><div class="legend">${legend.join(" ")}</div>`;
}

/** A large number for each series. */
export function drawNumbers(values: readonly { name: string; value: number }[], { format, color }: Look): string {
  const cells = values.map(
    ({ name, value }) =>
      `<div class="number"><span>${escapeHtml(name)}</span><b style="color:${color(value)};font-size:${format(value).length > 7 ? 15 : 26}px">${escapeHtml(format(value))}</b></div>`,
  );
  return `<div class="numbers">${cells.join("")}</div>`;
}

/** A bar for each series, the longest first. */
export function drawBars(values: readonly { name: string; value: number }[], { format, color }: Look): string {
  const most = Math.max(...values.map(({ value }) => Math.abs(value)), 1e-9);
  const bars = values.map(
    ({ name, value }) =>
      `<tr><td class="name">${escapeHtml(name)}</td><td class="track"><div style="width:${(100 * Math.abs(value)) / most}%;background:${color(value)}">&nbsp;</div></td><td>${escapeHtml(format(value))}</td></tr>`,
  );
  return `<table class="bars">${bars.join("")}</table>`;
}

/** Rows under a head. */
export function drawTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[], tag: string) =>
    row.map((text) => `<${tag}>${escapeHtml(text)}</${tag}>`).join("");
  return `<table class="rows"><tr>${cells(head, "th")}</tr>${rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("")}</table>`;
}
