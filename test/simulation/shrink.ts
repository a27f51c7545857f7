import type { Operation, Plan } from "./scenario.ts";

/** Runs that a shrink may cost. */
const MOST_RUNS = 1500;

/**
 * A plan with as few operations as still fail: leaves out halves, quarters and so on down to single operations, and
 * begins again whenever that helped (delta debugging).
 */
export function shrink(plan: Plan, fails: (plan: Plan) => boolean): Plan {
  let runs = 0;
  const stillFails = (operations: readonly Operation[]) => runs++ < MOST_RUNS && fails({ ...plan, operations });
  let operations = plan.operations;
  for (let size = Math.ceil(operations.length / 2); size >= 1;) {
    const before = operations.length;
    for (let at = 0; at < operations.length;) {
      const fewer = [...operations.slice(0, at), ...operations.slice(at + size)];
      if (stillFails(fewer)) operations = fewer;
      else at += size;
    }
    if (size > 1) size = Math.ceil(size / 2);
    else if (operations.length === before) break;
  }
  return { ...plan, operations };
}
