import { Formats } from "./formats.ts";
import type { Language } from "./languages.ts";
import { ar } from "./texts/ar.ts";
import { de } from "./texts/de.ts";
import { en, type Texts } from "./texts/en.ts";
import { es } from "./texts/es.ts";
import { fr } from "./texts/fr.ts";
import { it } from "./texts/it.ts";
import { ja } from "./texts/ja.ts";
import { nl } from "./texts/nl.ts";
import { pl } from "./texts/pl.ts";
import { ptBr } from "./texts/pt-br.ts";
import { zhCn } from "./texts/zh-cn.ts";

/** Everything about a language that a page needs. */
export interface Locale {
  readonly language: Language;
  /** Writing direction, as in HTML's `dir`. */
  readonly direction: "ltr" | "rtl";
  readonly texts: Texts;
  readonly formats: Formats;
}

/** The texts of each language. */
export const translations: Readonly<Record<Language, Texts>> = {
  en,
  de,
  fr,
  es,
  it,
  nl,
  "pt-BR": ptBr,
  pl,
  ja,
  "zh-CN": zhCn,
  ar,
};

const locales = new Map<Language, Locale>();

/** Returns the locale of a language, which is made once. */
export function localeOf(language: Language): Locale {
  const known = locales.get(language);
  if (known) return known;
  const locale: Locale = {
    language,
    direction: language === "ar" ? "rtl" : "ltr",
    texts: translations[language],
    formats: new Formats(language),
  };
  locales.set(language, locale);
  return locale;
}
