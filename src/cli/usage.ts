import { quoteWord } from "../log/escape.ts";
import { closest } from "../util/closest.ts";

/** A command line that is not understood; the parser catches it and returns it as an error. */
export class Usage extends Error {}

/** That a value is none of the allowed ones, and which may have been meant. */
export function refuse(where: string, value: string, choices: readonly string[]): string {
  const nearest = closest(value, choices);
  const suggestion = nearest === undefined ? "" : `; did you mean ${nearest}?`;
  return `${quoteWord(value)} is not allowed for ${where}, allowed: ${choices.join(", ")}${suggestion}`;
}
