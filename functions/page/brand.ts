import { contrast, formatColor, LEAST_CONTRAST, mix, parseColor, readable } from "./contrast.ts";
import { LogoError, logoUrl } from "./logo.ts";

/** How a deployment presents itself on its pages. Every field may be absent. */
export interface BrandOptions {
  /** Its name, at most 100 characters. */
  readonly name?: string | undefined;
  /** The bytes of its logo, as `logoUrl` accepts them. Needs a name, which is read out for it. */
  readonly logo?: Uint8Array | undefined;
  /** Colour of buttons and links, such as `#1d5fc4`. Must stand out from white by 4.5 to 1. */
  readonly color?: string | undefined;
  /** The same for dark pages. Default: `color`, lightened as far as it must be. */
  readonly darkColor?: string | undefined;
  /** Where to get help, from every page: an `https:` or `mailto:` URL. */
  readonly supportUrl?: string | undefined;
  /** Where to ask for another link, if one does not work: an `https:` or `mailto:` URL. */
  readonly requestUrl?: string | undefined;
  /** Text at the end of each page, at most 300 characters. */
  readonly footer?: string | undefined;
}

/** A checked brand, ready for pages. */
export interface Brand extends Omit<BrandOptions, "logo" | "color" | "darkColor"> {
  /** The logo as a `data:` URL. */
  readonly logo: string | undefined;
  /** Colour of the icon. */
  readonly color: string;
  /** Rules to add to the style sheet. */
  readonly rules: string;
}

/** Thrown for a brand that cannot be shown. `field` is the name of the option at fault. */
export class BrandError extends Error {
  override readonly name = "BrandError";
  readonly field: keyof BrandOptions;

  constructor(field: keyof BrandOptions, message: string) {
    super(message);
    this.field = field;
  }
}

/** Backgrounds that the colours stand on; as in `style.css`. */
const LIGHT = [255, 255, 255] as const;
const DARK = [24, 28, 34] as const;
const BLACK = [0, 0, 0] as const;

/** Checks a brand. Throws `BrandError`, which says what is wrong and what would do. */
export function createBrand(options: BrandOptions = {}): Brand {
  const { name, logo, color, darkColor, supportUrl, requestUrl, footer } = options;
  assertText("name", name, 100);
  assertText("footer", footer, 300);
  assertUrl("supportUrl", supportUrl);
  assertUrl("requestUrl", requestUrl);
  if (logo && name === undefined) {
    throw new BrandError("logo", "needs a name too, for those who cannot see it.");
  }
  return {
    ...{ name, supportUrl, requestUrl, footer },
    logo: logo && readLogo(logo),
    color: color ?? "#1d5fc4",
    rules: colorRules(color, darkColor),
  };
}

/** Returns the rules that replace the colours of `style.css`. */
function colorRules(color: string | undefined, darkColor: string | undefined): string {
  if (color === undefined && darkColor === undefined) return "";
  if (color === undefined) throw new BrandError("darkColor", "needs a color for light pages too.");
  const light = assertContrast("color", color, LIGHT, "white", BLACK);
  const dark =
    darkColor === undefined
      ? readable(light, DARK, LIGHT)
      : assertContrast("darkColor", darkColor, DARK, "dark pages", LIGHT);
  const rules = (accent: typeof light, towards: typeof light, on: typeof light) =>
    `:root{--accent:${formatColor(accent)};--accent-strong:${formatColor(mix(accent, towards, 0.15))};--on-accent:${formatColor(on)}}`;
  // A colour with enough contrast to the page also works as a background for the page's own colour.
  return `${rules(light, BLACK, LIGHT)}@media (prefers-color-scheme:dark){${rules(dark, LIGHT, DARK)}}`;
}

function assertContrast(
  field: "color" | "darkColor",
  text: string,
  background: typeof LIGHT | typeof DARK,
  where: string,
  towards: typeof LIGHT | typeof BLACK,
) {
  const color = parseColor(text);
  if (!color) throw new BrandError(field, "must be a colour such as #1d5fc4.");
  const ratio = contrast(color, background);
  if (ratio >= LEAST_CONTRAST) return color;
  throw new BrandError(
    field,
    `has a contrast of ${ratio.toFixed(1)} to 1 with ${where}; text needs ${LEAST_CONTRAST} to 1 (WCAG 2.2, AA). ` +
      `${formatColor(readable(color, background, towards))} would do.`,
  );
}

function assertText(field: "name" | "footer", text: string | undefined, most: number): void {
  if (text === undefined || (text.trim() !== "" && text.length <= most)) return;
  throw new BrandError(field, `must have 1 to ${most} characters.`);
}

function assertUrl(field: "supportUrl" | "requestUrl", text: string | undefined): void {
  if (text === undefined) return;
  const { protocol, username } = URL.parse(text) ?? {};
  if ((protocol === "https:" || protocol === "mailto:") && username === "") return;
  throw new BrandError(field, "must be a URL that begins with https:// or mailto:.");
}

function readLogo(logo: Uint8Array): string {
  try {
    return logoUrl(logo);
  } catch (error) {
    if (error instanceof LogoError) throw new BrandError("logo", error.message);
    throw error;
  }
}
