/** Longest text from elsewhere that a message quotes by default, in characters. */
const MAX_LENGTH = 300;

/**
 * Returns text from elsewhere, such as a server's error, as one short line that a terminal only prints:
 * control characters, which could move its cursor, change its title or answer for the user, and
 * characters that reverse the displayed order become `?`.
 */
export function printable(text: string, maxLength = MAX_LENGTH): string {
  const line = text.slice(0, maxLength + 1).replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, "?");
  return line.length > maxLength ? `${line.slice(0, maxLength)}…` : line;
}
