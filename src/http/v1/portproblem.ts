import { sameState } from "../../port/state.ts";
import type { PortFacts } from "../sources.ts";

/** What can be wrong with a port. */
export const PORT_PROBLEMS = ["no_netdev", "oper_down", "not_published"] as const;

/** One of the things that can be wrong with a port. */
export type PortProblem = (typeof PORT_PROBLEMS)[number];

/** The problems in words. */
export const PROBLEM_WORDS: Readonly<Record<PortProblem, string>> = {
  no_netdev: "PortInitDone waits for it, and there is no such interface",
  oper_down: "no link, though it is not shut down",
  not_published: "STATE_DB does not hold what the kernel says",
};

/** Whether STATE_DB holds what the kernel says. */
export function isInSync({ kernel, published }: PortFacts): boolean {
  return sameState(kernel, published);
}

/** What is wrong with a port. One that was shut down on purpose is in order. */
export function findProblems(port: PortFacts): PortProblem[] {
  const { kernel, isAwaited } = port;
  const problems: PortProblem[] = [];
  if (isAwaited && !kernel) problems.push("no_netdev");
  if (kernel?.admin && !kernel.oper) problems.push("oper_down");
  if (!isInSync(port)) problems.push("not_published");
  return problems;
}
