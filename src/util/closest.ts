import { distance } from "fastest-levenshtein";

const MOST_EDITS = 3;

/** The candidate that `word` was probably meant to be, or undefined when even the nearest is too far off. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const wanted = word.toLowerCase();
  let nearest: string | undefined;
  let fewest = Infinity;
  for (const candidate of candidates) {
    const other = candidate.toLowerCase();
    // The start of a word is a near miss, however long the rest.
    const edits = wanted.length > 1 && other.startsWith(wanted) ? 1 : distance(wanted, other);
    const most = Math.min(MOST_EDITS, Math.floor(Math.min(wanted.length, other.length) / 2));
    if (edits <= most && edits < fewest) {
      nearest = candidate;
      fewest = edits;
    }
  }
  return nearest;
}
