import { readFileSync, statSync } from "node:fs";
import * as z from "zod/mini";
import { BrandError, type BrandOptions, createBrand } from "../page/brand.ts";
import { type Language, languages } from "../page/languages.ts";
import { MAX_LOGO_BYTES } from "../page/logo.ts";
import type { PageSettings } from "../page/page.ts";
import { listSchema, needChange } from "./environment.ts";

/** How the page looks and reads if nothing is set. */
export const defaultPage: PageSettings = { languages };

const text = z.optional(z.string());

const schema = z.object({
  PAGE_LANGUAGES: z.optional(
    z.pipe(
      listSchema,
      z.array(
        z.enum(languages, {
          error: `must be a list of these, separated by commas: ${languages.join(", ")}`,
        }),
      ),
    ),
  ),
  PAGE_NAME: text,
  PAGE_LOGO: text,
  PAGE_COLOR: text,
  PAGE_COLOR_DARK: text,
  PAGE_SUPPORT_URL: text,
  PAGE_REQUEST_URL: text,
  PAGE_FOOTER: text,
});

/** Settings for the page. */
export const pageSettings = schema.shape;

const names = {
  name: "PAGE_NAME",
  logo: "PAGE_LOGO",
  color: "PAGE_COLOR",
  darkColor: "PAGE_COLOR_DARK",
  supportUrl: "PAGE_SUPPORT_URL",
  requestUrl: "PAGE_REQUEST_URL",
  footer: "PAGE_FOOTER",
} as const satisfies Record<keyof BrandOptions, string>;

/** Converts parsed settings into those of the page. Throws `ConfigError` for a brand that cannot be shown. */
export function toPageSettings(data: z.infer<typeof schema>): PageSettings {
  const chosen = data.PAGE_LANGUAGES;
  const offered: readonly Language[] = chosen?.length ? chosen : defaultPage.languages;
  const settings = { languages: [...new Set(offered)] };
  if (Object.values(names).every((name) => data[name] === undefined)) return settings;
  try {
    const brand = createBrand({
      name: data.PAGE_NAME,
      logo: data.PAGE_LOGO === undefined ? undefined : readLogo(data.PAGE_LOGO),
      color: data.PAGE_COLOR,
      darkColor: data.PAGE_COLOR_DARK,
      supportUrl: data.PAGE_SUPPORT_URL,
      requestUrl: data.PAGE_REQUEST_URL,
      footer: data.PAGE_FOOTER,
    });
    return { ...settings, brand };
  } catch (error) {
    if (error instanceof BrandError) throw needChange(`${names[error.field]} ${error.message}`);
    throw error;
  }
}

/** Reads a logo: a file, or a base64 `data:` URL where functions have no files of their own. */
function readLogo(place: string): Uint8Array {
  if (place.startsWith("data:")) {
    const [, base64] = /^data:image\/(?:png|svg\+xml);base64,([A-Za-z0-9+/]+=*)$/.exec(place) ?? [];
    if (base64 !== undefined) return Buffer.from(base64, "base64");
    throw new BrandError("logo", "must be base64 of a PNG or SVG: data:image/png;base64,…");
  }
  try {
    if (statSync(place).size <= MAX_LOGO_BYTES) return readFileSync(place);
  } catch {
    // The cause would quote the path.
    throw new BrandError("logo", "names a file that cannot be read.");
  }
  throw new BrandError("logo", `has more than ${MAX_LOGO_BYTES} bytes. Use a smaller one.`);
}
