/** Control characters, line breaks and marks that turn the direction of writing, with the spaces around them. */
const BREAKS = / *[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]+ */gu;

/**
 * A message as one line of at most so many characters: what a program printed, or a file held, cannot break a log or a terminal. Cut
 * where it can still be encoded, with an ellipsis.
 */
export function toOneLine(text: string, maxCharacters: number): string {
  const line = text.toWellFormed().replace(BREAKS, ' ').trim();
  return line.length <= maxCharacters ? line : `${line.slice(0, maxCharacters - 1).toWellFormed()}…`;
}
