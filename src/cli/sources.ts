import { readFileSync } from "node:fs";

import { DecodeError } from "../netlink/error.ts";
import { replaySource } from "../rtnetlink/replay.ts";
import { Recording } from "../rtnetlink/rtmon.ts";
import { simulatedSource } from "../rtnetlink/simulate.ts";
import { kernelSource, type LinkSource } from "../rtnetlink/source.ts";
import { systemClock } from "../util/clock.ts";
import { EXIT } from "./exit.ts";
import { Failure } from "./failure.ts";
import type { SourceChoice } from "./source.ts";

/** Opens what --source names. Throws Failure for a recording that cannot be read. */
export function openSource(choice: SourceChoice = { kind: "kernel" }): LinkSource {
  if (choice.kind === "kernel") return kernelSource();
  if (choice.kind === "simulate") return simulatedSource(choice.portCount, systemClock);
  try {
    return replaySource(new Recording(readFileSync(choice.file)));
  } catch (error) {
    const code = error instanceof DecodeError ? EXIT.dataErr : EXIT.noInput;
    throw new Failure(code, `${choice.file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
