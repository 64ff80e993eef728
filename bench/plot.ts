import type { Report } from "./report.ts";

/**
 * The lines of the plot: colours for a light and a dark background, each with a contrast of at
 * least 4.5:1.
 */
const lines = [
  { row: "pass-through", name: "no ZIP", light: "#57606a", dark: "#9da7b3", dashed: true },
  { row: "zip-stream", name: "zip-stream", light: "#b45309", dark: "#fbbf24" },
  { row: "archiver", name: "archiver", light: "#047857", dark: "#34d399" },
  {
    row: "archiver-at-once",
    name: "archiver, at once",
    light: "#047857",
    dark: "#34d399",
    dashed: true,
  },
  { row: "client-zip", name: "client-zip", light: "#be185d", dark: "#f472b6" },
  { row: "yazl", name: "yazl", light: "#6d28d9", dark: "#b79cff" },
  { row: "s3-zip", name: "s3-zip", light: "#0e7490", dark: "#22d3ee" },
  { row: "ziplink", name: "Ziplink", light: "#1d4ed8", dark: "#6ea8fe", strong: true },
] as const;

const SIZE = { width: 900, height: 540 };
const AREA = { left: 76, right: 748, top: 92, bottom: 440 };
/** The minimum distance between two names at the ends of lines. */
const NAME_HEIGHT = 17;

interface Point {
  readonly bytes: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * Draws throughput against object length as an SVG. Both axes are logarithmic; bars at the points
 * show the minimum and the maximum. Draws the reports that have `objectBytes`.
 *
 * @param versions the peers' versions, by their names
 * @param caption a line below the plot: the machine and the date
 * @throws RangeError if fewer than two lengths were measured
 */
export function drawThroughput(
  reports: readonly Report[],
  versions: Readonly<Record<string, string>>,
  caption: string,
): string {
  const bySize = reports.filter(({ objectBytes }) => objectBytes !== undefined);
  const sizes = bySize.map(({ objectBytes = 0 }) => objectBytes).sort((a, b) => a - b);
  const [least = 0, most = 0] = [sizes[0], sizes.at(-1)];
  if (least === most)
    throw new RangeError("The plot needs reports of at least two object lengths.");
  const drawn = lines.flatMap((line) => {
    const points = bySize.flatMap(({ objectBytes: bytes = 0, rows }) => {
      const series = rows[line.row]?.mibPerSecond;
      return series ? [{ bytes, ...series }] : [];
    });
    return points.length > 0 ? [{ ...line, points }] : [];
  });
  const values = drawn.flatMap(({ points }) => points.flatMap(({ min, max }) => [min, max]));
  const from = 10 ** Math.floor(Math.log10(Math.min(...values)));
  const to = niceAbove(Math.max(...values));
  const x = scale(least, most, AREA.left + 14, AREA.right);
  const y = scale(from, to, AREA.bottom, AREA.top);

  const grid = ticks(from, to).map(
    (value) =>
      `<path class="grid" d="M${AREA.left} ${y(value)}H${AREA.right}"/>` +
      `<text class="tick" x="${AREA.left - 10}" y="${y(value) + 4}" text-anchor="end">${value}</text>`,
  );
  const below = sizes.map(
    (bytes) =>
      `<path class="axis" d="M${x(bytes)} ${AREA.bottom}v5"/>` +
      `<text class="tick" x="${x(bytes)}" y="${AREA.bottom + 21}" text-anchor="middle">${showSize(bytes)}</text>`,
  );
  const curves = drawn.map((line) => {
    const at = line.points.map(({ bytes, median }) => `${x(bytes)} ${y(median)}`);
    const marks = line.points.map((point) => mark(point, x, y, "strong" in line ? 4.5 : 3));
    const kind = "strong" in line ? " strong" : "dashed" in line ? " dashed" : "";
    return `<g class="${line.row}"><path class="line${kind}" d="M${at.join("L")}"/>${marks.join("")}</g>`;
  });
  const ends = drawn.map((line) => ({ line, y: y(line.points.at(-1)?.median ?? from) }));
  const names = spreadOut(ends).map(({ line, y: end, nameY }) => {
    const major = versions[line.row]?.split(".")[0];
    const text = major === undefined ? line.name : `${line.name} ${major}`;
    return (
      `<g class="${line.row}"><path class="lead" d="M${AREA.right + 8} ${end}L${AREA.right + 20} ${nameY}"/>` +
      `<text class="name${"strong" in line ? " bold" : ""}" x="${AREA.right + 25}" y="${nameY + 4.5}">${escapeXml(text)}</text></g>`
    );
  });

  const { width, height } = SIZE;
  const middle = (AREA.top + AREA.bottom) / 2;
  const rows = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title about">`,
    `<title id="title">Throughput against the size of the objects</title>`,
    `<desc id="about">${escapeXml(describe(drawn))}</desc>`,
    `<style>${style()}</style>`,
    `<rect class="ground" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10"/>`,
    `<text class="title" x="28" y="40">How fast a ZIP of stored objects is sent</text>`,
    `<text class="note" x="28" y="63">Read from a store that takes 20 ms to the first byte of each object. Both axes are logarithmic.</text>`,
    ...grid,
    ...below,
    `<path class="axis" d="M${AREA.left} ${AREA.bottom}H${AREA.right}"/>`,
    `<text class="label" x="${(AREA.left + AREA.right) / 2}" y="${AREA.bottom + 48}" text-anchor="middle">size of each object</text>`,
    `<text class="label" transform="translate(28 ${middle}) rotate(-90)" text-anchor="middle">MiB per second</text>`,
    ...curves,
    ...names,
    `<text class="note small" x="28" y="${height - 18}">${escapeXml(caption)}</text>`,
    "</svg>",
  ];
  return `${rows.join("\n")}\n`;
}

/** Returns a logarithmic scale, rounded to a tenth of a pixel. */
function scale(from: number, to: number, start: number, end: number) {
  return (value: number) => {
    const part = Math.log(value / from) / Math.log(to / from);
    return Number((start + part * (end - start)).toFixed(1));
  };
}

/** Returns the next higher value of the series 1, 2, 5, 10, … */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}

/** Returns the powers of ten in the range, and its end. */
function ticks(from: number, to: number): number[] {
  const powers: number[] = [];
  for (let value = from; value < to; value *= 10) powers.push(Number(value.toPrecision(1)));
  return [...powers, to];
}

function mark({ bytes, median, min, max }: Point, x: Scale, y: Scale, radius: number): string {
  const bar = max > min ? `<path class="bar" d="M${x(bytes)} ${y(min)}V${y(max)}"/>` : "";
  return `${bar}<circle cx="${x(bytes)}" cy="${y(median)}" r="${radius}"/>`;
}
type Scale = (value: number) => number;

/**
 * Places the names in the order of their lines, as close to the ends as possible and not below the
 * axis.
 */
function spreadOut<T extends { readonly y: number }>(
  ends: readonly T[],
): (T & { nameY: number })[] {
  const placed = [...ends].sort((a, b) => a.y - b.y).map((end) => ({ ...end, nameY: end.y }));
  for (let i = 1; i < placed.length; i++) {
    const [above, own] = [placed[i - 1], placed[i]];
    if (above && own) own.nameY = Math.max(own.nameY, above.nameY + NAME_HEIGHT);
  }
  const over = Math.max(0, (placed.at(-1)?.nameY ?? 0) - AREA.bottom);
  return placed.map((end) => ({ ...end, nameY: Number((end.nameY - over).toFixed(1)) }));
}

function showSize(bytes: number): string {
  return bytes < 2 ** 20 ? `${bytes / 2 ** 10} KiB` : `${bytes / 2 ** 20} MiB`;
}

/** Returns the text alternative of the plot. */
function describe(drawn: readonly { readonly name: string; readonly points: readonly Point[] }[]) {
  const sentences = drawn.map(({ name, points }) => {
    const values = points.map(({ bytes, median }) => `${median} at ${showSize(bytes)}`);
    return `${name}: ${values.join(", ")}.`;
  });
  return `MiB per second. ${sentences.join(" ")}`;
}

function style(): string {
  const colours = (scheme: "light" | "dark") =>
    lines.map((line) => `.${line.row}{--c:${line[scheme]}}`).join("");
  return [
    "svg{--ground:#fff;--edge:#d8dee4;--ink:#1f2328;--soft:#57606a;--grid:#e6eaee}",
    colours("light"),
    "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;fill:var(--ink)}",
    ".ground{fill:var(--ground);stroke:var(--edge)}.title{font-size:20px;font-weight:600}",
    ".note,.tick,.label{font-size:13px;fill:var(--soft)}.small{font-size:11.5px}",
    ".tick{font-variant-numeric:tabular-nums}.name{font-size:13px;fill:var(--c)}.bold{font-size:15px;font-weight:700}",
    ".grid{stroke:var(--grid)}.axis{stroke:var(--soft)}",
    ".line{fill:none;stroke:var(--c);stroke-width:1.8;stroke-linejoin:round}.strong{stroke-width:3.5}",
    ".dashed{stroke-dasharray:5 4}.bar{stroke:var(--c);stroke-width:1.2;opacity:.6}",
    ".lead{fill:none;stroke:var(--c);opacity:.5}circle{fill:var(--c);stroke:var(--ground);stroke-width:1}",
    "@media (prefers-color-scheme:dark){svg{--ground:#0d1117;--edge:#30363d;--ink:#e6edf3;--soft:#9da7b3;--grid:#21262d}",
    `${colours("dark")}}`,
  ].join("");
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
