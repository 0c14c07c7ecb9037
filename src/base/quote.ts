const MAX_CHARACTERS = 64;

/**
 * A text that came from outside, for a message: in quotes, control characters escaped, cut after 64 characters. What a
 * caller sent can then neither break a log line nor fill it.
 */
export function quote(text: string): string {
  const characters = Array.from(text.slice(0, MAX_CHARACTERS * 2));
  const whole = characters.length <= MAX_CHARACTERS && text.length <= MAX_CHARACTERS * 2;
  const shown = characters.slice(0, MAX_CHARACTERS).join('');
  return whole ? JSON.stringify(shown) : `${JSON.stringify(shown)}… (${text.length} characters)`;
}
