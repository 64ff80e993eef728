import { parseWeightedList } from "../../core/input/weighted-list.ts";

/** The languages that the page has texts in (BCP 47). */
export const languages = [
  "en",
  "de",
  "fr",
  "es",
  "it",
  "nl",
  "pt-BR",
  "pl",
  "ja",
  "zh-CN",
  "ar",
] as const;

/** A language of the page. */
export type Language = (typeof languages)[number];

/**
 * Returns the one of `offered` that `Accept-Language` prefers: the same language, or else one of another
 * country (`pt` and `pt-PT` get `pt-BR`); the first of `offered` if none is acceptable. Bounded as
 * `parseWeightedList` is.
 */
export function chooseLanguage(header: string | null, offered: readonly Language[]): Language {
  const [first = "en"] = offered;
  const wanted = parseWeightedList(header)
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight);
  for (const { value } of wanted) {
    if (value === "*") return first;
    const found =
      offered.find((language) => language.toLowerCase() === value) ??
      offered.find((language) => primary(language) === primary(value));
    if (found !== undefined) return found;
  }
  return first;
}

const primary = (tag: string) => tag.split("-", 1)[0];
