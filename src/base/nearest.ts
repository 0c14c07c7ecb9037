import { distance } from 'fastest-levenshtein';

/**
 * The known word that a mistyped one most likely stands for: at most a third of its letters differ (two, to
 * forgive swapped letters, in words of four or five), case aside. Undefined when none is that near, so that a message
 * never suggests nonsense.
 */
export function findNearest(word: string, known: readonly string[]): string | undefined {
  if (word.length > 64) return undefined;
  const typed = word.toLowerCase();
  let nearest: string | undefined;
  let least = (typed.length < 4 ? 1 : Math.max(2, Math.floor(typed.length / 3))) + 1;
  for (const candidate of known) {
    const difference = distance(typed, candidate.toLowerCase());
    if (difference >= least) continue;
    least = difference;
    nearest = candidate;
  }
  return nearest;
}
