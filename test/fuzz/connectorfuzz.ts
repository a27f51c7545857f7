import * as fc from "fast-check";

import type { ConnectorVictim } from "./connectorvictim.ts";
import { hostilities } from "./hostilereplies.ts";
import type { Hostility } from "./hostileserver.ts";
import type { Property } from "./property.ts";

/** Lets a process meet several hostilities at the same time; returns how its work with each ended. */
export function meetAll(
  victim: ConnectorVictim,
  all: readonly Hostility[],
): Promise<(readonly string[] | undefined)[]> {
  return Promise.all(
    all.map((each) =>
      victim.meet(each).catch((cause: unknown) => {
        throw new Error(`it met with ${JSON.stringify(each).slice(0, 300)}`, { cause });
      }),
    ),
  );
}

/** DBConnector, in a process of its own. */
export function connectorProperty(victim: ConnectorVictim): Property<Hostility[]> {
  return {
    inputs: fc.array(hostilities, { minLength: 1, maxLength: 8 }),
    check: async (all) => void (await meetAll(victim, all)),
    show: (all) => all.map((each) => JSON.stringify(each)).join("\n"),
    failsOnce: true,
  };
}
