import type { NumberedTransition } from "../../store/historyquery.ts";
import type { PortSnapshot } from "../../store/transition.ts";
import { decodeName } from "../../util/ifname.ts";
import { toSnapshot } from "./ports.ts";
import type { Response } from "./schema.ts";
import { toTimeOrNull } from "./time.ts";

/** The answer to GET /api/v1/history: as many as `limit` of what was asked for with one more, to see whether there are more. */
export function toHistory(found: readonly NumberedTransition[], limit: number): Response<"History"> {
  const transitions = found.slice(0, limit).map(toTransition);
  return { transitions, next: found.length > limit ? transitions.at(-1)!.id : null };
}

function toTransition(transition: NumberedTransition): Response<"History">["transitions"][number] {
  const { id, wallMs, port, cause, old, new: now } = transition;
  return { id, time: toTimeOrNull(wallMs), port: decodeName(port), cause, old: toState(old), new: toState(now) };
}

function toState(state: PortSnapshot | null): Response<"History">["transitions"][number]["new"] {
  return state && toSnapshot(state);
}
