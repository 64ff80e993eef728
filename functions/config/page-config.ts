import * as z from "zod/mini";
import { type Language, languages } from "../page/languages.ts";
import type { PageSettings } from "../page/page.ts";
import { listSchema } from "./environment.ts";

/** How the page looks and reads if nothing is set. */
export const defaultPage: PageSettings = { languages };

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
});

/** Settings for the page. */
export const pageSettings = schema.shape;

/** Converts parsed settings into those of the page. */
export function toPageSettings({ PAGE_LANGUAGES: chosen }: z.infer<typeof schema>): PageSettings {
  const offered: readonly Language[] = chosen?.length ? chosen : defaultPage.languages;
  return { languages: [...new Set(offered)] };
}
