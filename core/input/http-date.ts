const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const LONG_DAY = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day";
const MONTH = `(?<month>${MONTHS.join("|")})`;
const TIME = "(?<hour>[01]\\d|2[0-3]):(?<minute>[0-5]\\d):(?<second>[0-5]\\d|60)";

/** The preferred form and the two obsolete ones, which a recipient must accept as well. */
const FORMS = [
  `${DAY}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT`, // IMF-fixdate
  `${LONG_DAY}, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT`, // rfc850-date
  `${DAY} ${MONTH} (?<day>\\d\\d| \\d) ${TIME} (?<year>\\d{4})`, // asctime-date, which is UTC
].map((form) => new RegExp(`^${form}$`));

/**
 * Milliseconds since 1970 of an HTTP date in one of its three forms (RFC 9110, 5.6.7); `undefined`
 * for anything else, also for dates that other standards know and days that no month has. Whether the
 * name of the weekday is right is not looked at.
 *
 * @param now decides on the century of a year with two digits: it is at most 50 years in the future
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
    // Not by Date.UTC, to which the year 24 is 1924.
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
