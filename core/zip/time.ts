/** DOS time covers 1980 to 2107 in steps of two seconds (APPNOTE 4.4.6). */
const EARLIEST = Date.UTC(1980, 0, 1);
const LATEST = Date.UTC(2107, 11, 31, 23, 59, 58);

/**
 * Returns the MS-DOS date and time of an instant, in UTC: the format names no time zone, and an archive
 * must not depend on that of the machine that makes it. Instants outside 1980-2107 are clamped.
 */
export function toDosDateTime(instant: Date): { readonly date: number; readonly time: number } {
  const t = new Date(Math.min(Math.max(instant.getTime(), EARLIEST), LATEST));
  return {
    date: ((t.getUTCFullYear() - 1980) << 9) | ((t.getUTCMonth() + 1) << 5) | t.getUTCDate(),
    time: (t.getUTCHours() << 11) | (t.getUTCMinutes() << 5) | (t.getUTCSeconds() >> 1),
  };
}

/**
 * Returns whole seconds since 1970, rounded down, or `undefined` if the extended timestamp must be left
 * out and only the DOS time written: from 2038 on the timestamp's 32-bit field cannot hold them, and many
 * readers take a time before 1970 for one in the next century.
 */
export function toUnixSeconds(instant: Date): number | undefined {
  const seconds = Math.floor(instant.getTime() / 1000);
  return seconds >= 0 && seconds <= 0x7fffffff ? seconds : undefined;
}
