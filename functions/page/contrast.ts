/** A colour in sRGB, as red, green and blue from 0 to 255. */
type Rgb = readonly [number, number, number];

/** The least contrast of text that WCAG 2.2 accepts at level AA (1.4.3). */
export const LEAST_CONTRAST = 4.5;

/** Parses a colour of the form `#1d5fc4`; `undefined` for anything else. */
export function parseColor(text: string): Rgb | undefined {
  const [, red = "", green = "", blue = ""] =
    /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text) ?? [];
  if (blue === "") return undefined;
  return [Number.parseInt(red, 16), Number.parseInt(green, 16), Number.parseInt(blue, 16)];
}

/** Formats a colour as `parseColor` reads it. */
export function formatColor(color: Rgb): string {
  return `#${color.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
}

/** Returns the contrast ratio of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio"). */
export function contrast(one: Rgb, other: Rgb): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** Returns `color` with so much of `other` mixed in: 0 for none, 1 for nothing else. */
export function mix(color: Rgb, other: Rgb, part: number): Rgb {
  const blend = (i: 0 | 1 | 2) => color[i] + (other[i] - color[i]) * part;
  return [blend(0), blend(1), blend(2)];
}

/** Mixes as little as possible of `other` into `color` to stand out from `background`, in at most 50 steps. */
export function readable(color: Rgb, background: Rgb, other: Rgb): Rgb {
  for (let step = 0; step < 50; step++) {
    // Rounded, as it will be written.
    const mixed = parseColor(formatColor(mix(color, other, step / 50))) ?? other;
    if (contrast(mixed, background) >= LEAST_CONTRAST) return mixed;
  }
  return other;
}

/** https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(color: Rgb): number {
  const linear = (i: 0 | 1 | 2) => {
    const part = color[i] / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(0) + 0.7152 * linear(1) + 0.0722 * linear(2);
}
