import { quoteWord } from "../log/escape.ts";
import { History } from "../store/history.ts";
import type { PastStart } from "../store/start.ts";
import { toJsonLine } from "../util/jsonline.ts";
import { formatTime } from "../util/time.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { readingHistory } from "./history.ts";
import { printText } from "./output.ts";

/** What `starts` is asked for. */
export interface StartsOptions {
  readonly json: boolean;
  /** Where the store is. */
  readonly directory: string;
}

// The longest kind of start.
const KIND_WIDTH = "standalone".length;

/** Prints the starts of the daemon, the newest last. Throws Failure. */
export async function runStarts({ json, directory }: StartsOptions): Promise<ExitCode> {
  const starts = readingHistory(() => {
    using history = History.open(directory);
    return history.starts();
  });
  if (starts.length > 0) await printText(starts.map(json ? formatJson : formatText).join("\n"));
  return EXIT.ok;
}

/** A start as one JSON object; `ended` is null when the daemon has not ended cleanly, or not yet. */
export function formatJson({ wallMs, kind, restoreCount, version, endedWallMs }: PastStart): string {
  const ended = endedWallMs === null ? null : formatTime(endedWallMs);
  return toJsonLine({ time: formatTime(wallMs), kind, restore_count: restoreCount, version, ended });
}

/** A start as one line for people. */
export function formatText({ wallMs, kind, restoreCount, version, endedWallMs }: PastStart): string {
  const end = endedWallMs === null ? "no clean end" : `ended ${formatTime(endedWallMs)}`;
  return `${formatTime(wallMs)} ${kind.padEnd(KIND_WIDTH)} restore count ${restoreCount}, version ${quoteWord(version)}, ${end}`;
}
