/** A text for each plural form that a language has; `other` stands in for the forms that are left out. */
export type Plural = { readonly other: string } & Readonly<
  Partial<Record<Intl.LDMLPluralRule, string>>
>;

/** Returns `text` with each `{name}` replaced by the value of that name, as it is. */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (placeholder, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? "") : placeholder,
  );
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"] as const;

/** Formats numbers and sizes as a language does, with what `Intl` knows of it; for the server and the script. */
export class Formats {
  readonly #lang: string;
  readonly #plurals: Intl.PluralRules;
  readonly #formats = new Map<string, Intl.NumberFormat>();

  /** @param lang the language (BCP 47) */
  constructor(lang: string) {
    this.#lang = lang;
    this.#plurals = new Intl.PluralRules(lang);
  }

  /** Returns the form of `plural` for `count`, with the count in place of `{count}`. */
  plural(plural: Plural, count: number): string {
    const form = plural[this.#plurals.select(count)] ?? plural.other;
    return fill(form, { count: this.#number("count", {}).format(count) });
  }

  /** Formats a length in decimal units, as file managers and clouds do: "1.5 GB", "512 bytes". */
  bytes(bytes: number): string {
    let value = bytes;
    let unit = 0;
    while (value >= 999.95 && unit < UNITS.length - 1) {
      value /= 1000;
      unit++;
    }
    const digits = unit === 0 ? 0 : 1;
    return this.#number(`size ${unit}`, {
      style: "unit",
      unit: UNITS[unit],
      unitDisplay: unit === 0 ? "long" : "short",
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }).format(value);
  }

  /** Formats a part of 1 in whole percent, rounded down: only all of it is 100 %. */
  percent(part: number): string {
    return this.#number("percent", { style: "percent" }).format(Math.floor(part * 100) / 100);
  }

  /** Formats a duration as one number: seconds below a minute, then minutes, then hours. */
  duration(seconds: number): string {
    const minutes = Math.round(seconds / 60);
    if (seconds < 59.5) return this.#long("second", Math.max(1, Math.round(seconds)));
    if (minutes < 60) return this.#long("minute", minutes);
    return this.#long("hour", Math.round(seconds / 3600));
  }

  /** Formats a date and time. Without a time zone, in the reader's own. */
  time(date: Date, timeZone?: string): string {
    const style = { dateStyle: "long", timeStyle: "short" } as const;
    return new Intl.DateTimeFormat(this.#lang, { ...style, ...(timeZone && { timeZone }) }).format(
      date,
    );
  }

  #long(unit: "second" | "minute" | "hour", value: number): string {
    return this.#number(unit, { style: "unit", unit, unitDisplay: "long" }).format(value);
  }

  /** Each format is made once: that takes much longer than to use it. */
  #number(key: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
    const known = this.#formats.get(key);
    if (known) return known;
    const format = new Intl.NumberFormat(this.#lang, options);
    this.#formats.set(key, format);
    return format;
  }
}
