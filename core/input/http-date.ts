const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const LONG_DAY = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day";
const MONTH = `(?<month>${MONTHS.join("|")})`;
const TIME = "(?<hour>[01]\\d|2[0-3]):(?<minute>[0-5]\\d):(?<second>[0-5]\\d|60)";

/** The preferred format and the two obsolete ones, which recipients must accept as well. */
const FORMS = [
  `${DAY}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT`, // IMF-fixdate
  `${LONG_DAY}, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT`, // rfc850-date
  `${DAY} ${MONTH} (?<day>\\d\\d| \\d) ${TIME} (?<year>\\d{4})`, // asctime-date, which is UTC
].map((form) => new RegExp(`^${form}$`));

/**
 * Parses an HTTP date in one of its three formats (RFC 9110, 5.6.7) and returns milliseconds since 1970.
 * Returns `undefined` for anything else, including other date formats and days that the month does not have.
 * Does not check that the weekday is right.
 *
 * @param now determines the century of a two-digit year, which is at most 50 years in the future
 */
export function parseHttpDate(
  value: string | null | undefined,
  now = Date.now(),
): number | undefined {
  for (const form of FORMS) {
    const parts = form.exec(value ?? "")?.groups;
    if (parts) return toTime(parts, now);
  }
  return undefined;
}

function toTime(parts: Readonly<Record<string, string | undefined>>, now: number) {
  const { year = "", month = "" } = parts;
  const at = (fullYear: number) => {
    // Not with Date.UTC, which takes the year 24 for 1924.
    const date = new Date(0);
    date.setUTCFullYear(fullYear, MONTHS.indexOf(month), Number(parts.day));
    const isOfMonth = date.getUTCDate() === Number(parts.day);
    date.setUTCHours(Number(parts.hour), Number(parts.minute), Number(parts.second));
    return isOfMonth ? date.getTime() : undefined;
  };
  if (year.length === 4) return at(Number(year));
  const latest = new Date(now);
  latest.setUTCFullYear(latest.getUTCFullYear() + 50);
  const century = Math.floor(latest.getUTCFullYear() / 100) * 100;
  const time = at(century + Number(year));
  return time !== undefined && time <= latest.getTime() ? time : at(century - 100 + Number(year));
}
