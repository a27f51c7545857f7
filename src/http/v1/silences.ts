import { matchesPattern, type SilenceIssue } from "../../alert/silence.ts";
import { closest } from "../../util/closest.ts";
import { type Answer, jsonAnswer, refusal } from "../answer.ts";
import type { Route } from "../route.ts";
import type { MadeSilence, SilenceKeeper, Sources } from "../sources.ts";
import { toSilence } from "./alerts.ts";
import type { Response } from "./schema.ts";

const PATH = "/api/v1/silences";

/** The routes about silences: for the admin socket only, since they change what people are told. */
export function silenceRoutes(sources: Pick<Sources, "alerts">, keeper: SilenceKeeper): Route[] {
  return [
    {
      method: "GET",
      path: PATH,
      meaning: "the silences that have not expired",
      parameters: [],
      response: "Silences",
      handle: () => jsonAnswer(200, { silences: sources.alerts().silences.map(toSilence) }),
    },
    {
      method: "POST",
      path: PATH,
      meaning: "make a silence: rule, severity and port (at least one, * for any characters), reason, expires_in_secs",
      parameters: [],
      response: "MadeSilence",
      handle: async (request) => {
        const wanted = await request.body();
        checkRule(wanted["rule"], sources);
        return answerCreated(await keeper.create(wanted));
      },
    },
    {
      method: "DELETE",
      path: `${PATH}/{id}`,
      meaning: "end a silence",
      parameters: [],
      response: "Silence",
      handle: async ({ names }) => {
        const silence = await keeper.remove(names["id"]!);
        if (!silence) throw refusal(404, "there is no such silence; it may have expired");
        return jsonAnswer(200, toSilence(silence));
      },
    },
  ];
}

function answerCreated(created: MadeSilence | readonly SilenceIssue[]): Answer {
  if ("id" in created) {
    const made: Response<"MadeSilence"> = { ...toSilence(created), not_kept: created.notKept || null };
    return jsonAnswer(201, made, { Location: `${PATH}/${created.id}` });
  }
  throw refusal(422, "the silence was not made", { issues: created });
}

/** A silence for a rule that does not exist would keep nothing quiet, and nobody would notice. */
function checkRule(wanted: unknown, sources: Pick<Sources, "alerts">): void {
  if (typeof wanted !== "string") return;
  const ids = sources.alerts().rules.map(({ rule }) => rule);
  if (ids.some((id) => matchesPattern(wanted, id))) return;
  const meant = closest(wanted, ids);
  const message = `there is no such rule${meant === undefined ? "; GET /api/v1/alerts lists them" : `, did you mean ${meant}?`}`;
  throw refusal(422, "the silence was not made", { issues: [{ key: "rule", message }] });
}
