import { script, style } from "./assets.generated.ts";
import { type Brand, createBrand } from "./brand.ts";
import { headersFor } from "./headers.ts";
import type { Language } from "./languages.ts";
import { type Locale, localeOf } from "./locale.ts";
import type { PageSettings } from "./page.ts";

/** How a page looks and reads. */
export interface Look extends Dress {
  readonly locale: Locale;
  readonly brand: Brand;
}

interface Dress {
  /** The whole style sheet. */
  readonly style: string;
  /** Header fields of a page with this style sheet. */
  readonly headers: Readonly<Record<string, string>>;
}

const plain = createBrand();

const dresses = new WeakMap<Brand, Dress>();

/** Returns how a page looks in a language. The style sheet of a brand is made once. */
export function lookOf(language: Language, { brand = plain }: PageSettings): Look {
  const whole = style + brand.rules;
  const dress = dresses.get(brand) ?? { style: whole, headers: headersFor(script, whole) };
  dresses.set(brand, dress);
  const headers = { ...dress.headers, "Content-Language": language };
  return { locale: localeOf(language), brand, style: dress.style, headers };
}
