const MAX_CHARACTERS = 64;

/** What JSON leaves as it is and a terminal does not: DEL, C1 controls, and marks that turn the direction of writing. */
const UNPRINTABLE = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * A text that came from outside, for a message: in quotes, control characters escaped, cut after 64 characters. What a
 * caller sent can then neither break a log line nor fill it.
 */
export function quote(text: string): string {
  const characters = Array.from(text.slice(0, MAX_CHARACTERS * 2));
  const whole = characters.length <= MAX_CHARACTERS && text.length <= MAX_CHARACTERS * 2;
  const shown = escape(characters.slice(0, MAX_CHARACTERS).join(''));
  return whole ? shown : `${shown}… (${text.length} characters)`;
}

function escape(text: string): string {
  return JSON.stringify(text).replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
