import { quoteWord } from "../log/escape.ts";
import { History, HistoryError } from "../store/history.ts";
import type { PortSnapshot, Transition } from "../store/transition.ts";
import { decodeName } from "../util/ifname.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { Failure } from "./failure.ts";
import { parseSince } from "./since.ts";

/** What `history` is asked for. */
export interface HistoryOptions {
  /** A port's name as it was written on the command line; default all. */
  readonly port?: string;
  /** What parseSince() reads; default the beginning. */
  readonly since?: string;
  readonly json: boolean;
  /** Where the store is. */
  readonly directory: string;
}

const EXIT_CODES = {
  missing: EXIT.noInput,
  damaged: EXIT.dataErr,
  denied: EXIT.noPerm,
  unavailable: EXIT.unavailable,
} as const satisfies Record<HistoryError["kind"], ExitCode>;

/** What JSON.stringify leaves as it is, though a terminal or a reader of lines acts on it. */
const UNSAFE_IN_JSON = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

// The longest that columns usually are: IFNAMSIZ, the causes, and a state.
const PORT_WIDTH = 15;
const CAUSE_WIDTH = 6;
const STATE_WIDTH = "admin down oper down mtu 9216".length;

/** Prints the transitions of ports, the newest last. Throws Failure. */
export async function runHistory({ port, since, json, directory }: HistoryOptions): Promise<ExitCode> {
  const sinceWallMs = since === undefined ? undefined : parseSince(since, Date.now());
  if (since !== undefined && sinceWallMs === undefined)
    throw new Failure(
      EXIT.usage,
      `${quoteWord(since)} is no time for --since, allowed: 30m, 1h, 2d or 2026-01-31T12:00`,
    );
  const format = json ? formatJson : formatText;
  try {
    using history = History.open(directory);
    const filter = {
      ...(port === undefined ? {} : { port: Buffer.from(port, "utf8").toString("latin1") }),
      ...(sinceWallMs === undefined ? {} : { sinceWallMs }),
    };
    for (const transitions of history.read(filter)) {
      const text = transitions.map((transition) => `${format(transition)}\n`).join("");
      if (!(await write(text))) break;
    }
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof HistoryError)) throw error;
    throw new Failure(EXIT_CODES[error.kind], error.message);
  }
}

/** A transition as one JSON object. */
export function formatJson({ wallMs, port, cause, old, new: now }: Transition): string {
  const object = { time: formatTime(wallMs), port: decodeName(port), cause, old: toObject(old), new: toObject(now) };
  return JSON.stringify(object).replace(UNSAFE_IN_JSON, (characters) =>
    characters
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}

/** A transition as one line for people. */
export function formatText({ wallMs, port, cause, old, new: now }: Transition): string {
  const name = quoteWord(decodeName(port)).padEnd(PORT_WIDTH);
  const states = `${formatState(old).padEnd(STATE_WIDTH)} -> ${formatState(now)}`;
  return `${formatTime(wallMs)} ${name} ${cause.padEnd(CAUSE_WIDTH)} ${states}`;
}

/** Whether it was taken: not when the reader has gone. */
function write(text: string): Promise<boolean> {
  return new Promise((resolve) => {
    const gone = (): void => resolve(false);
    process.stdout.once("error", gone);
    process.stdout.write(text, (error) => {
      // The error event comes after this.
      if (error) return;
      process.stdout.off("error", gone);
      resolve(true);
    });
  });
}

/** A clock that was far off when the transition was recorded may have said what is no date. */
function formatTime(wallMs: number): string {
  const time = new Date(wallMs);
  return Number.isNaN(time.getTime()) ? String(wallMs) : time.toISOString();
}

function upDown(isUp: boolean): "up" | "down" {
  return isUp ? "up" : "down";
}

function toObject(state: PortSnapshot | null): object | null {
  return state && { admin: upDown(state.admin), oper: upDown(state.oper), mtu: state.mtu };
}

function formatState(state: PortSnapshot | null): string {
  return state ? `admin ${upDown(state.admin)} oper ${upDown(state.oper)} mtu ${state.mtu}` : "absent";
}
