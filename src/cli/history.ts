import { quoteWord } from "../log/escape.ts";
import { History, HistoryError } from "../store/history.ts";
import type { PortSnapshot, Transition } from "../store/transition.ts";
import { decodeName, encodeName } from "../util/ifname.ts";
import { toJsonLine } from "../util/jsonline.ts";
import { parseSince } from "../util/since.ts";
import { formatTime } from "../util/time.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { Failure } from "./failure.ts";

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
  using history = readingHistory(() => History.open(directory));
  const filter = {
    ...(port === undefined ? {} : { port: encodeName(port) }),
    ...(sinceWallMs === undefined ? {} : { sinceWallMs }),
  };
  const pages = history.read(filter);
  for (;;) {
    const page = readingHistory(() => pages.next());
    if (page.done) return EXIT.ok;
    const text = page.value.map((transition) => `${format(transition)}\n`).join("");
    if (!(await write(text))) return EXIT.ok;
  }
}

/** What `read` returns; a history that cannot be read is a Failure. */
export function readingHistory<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof HistoryError)) throw error;
    throw new Failure(EXIT_CODES[error.kind], error.message);
  }
}

/** A transition as one JSON object. */
export function formatJson({ wallMs, port, cause, old, new: now }: Transition): string {
  const object = { time: formatTime(wallMs), port: decodeName(port), cause, old: toObject(old), new: toObject(now) };
  return toJsonLine(object);
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

function upDown(isUp: boolean): "up" | "down" {
  return isUp ? "up" : "down";
}

function toObject(state: PortSnapshot | null): object | null {
  return state && { admin: upDown(state.admin), oper: upDown(state.oper), mtu: state.mtu };
}

function formatState(state: PortSnapshot | null): string {
  return state ? `admin ${upDown(state.admin)} oper ${upDown(state.oper)} mtu ${state.mtu}` : "absent";
}
