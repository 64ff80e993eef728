/** Longest logo, in bytes: it is part of every page. */
export const MAX_LOGO_BYTES = 32 * 1024;

/** Largest width and height of a PNG, in pixels: a small file can unpack to a very large picture. */
const MAX_PIXELS = 2048;

/** Elements that draw, and nothing else. */
const ELEMENTS = new Set(
  (
    "svg g path rect circle ellipse line polyline polygon defs linearGradient radialGradient stop " +
    "clipPath mask pattern symbol use title desc text tspan"
  ).split(" "),
);

/** Thrown for a logo that must not be shown; the message says what is wrong and what to do. */
export class LogoError extends Error {
  override readonly name = "LogoError";
}

/**
 * Returns a logo as a `data:` URL. Throws `LogoError` unless it is a PNG of at most 2,048 pixels a side, or an
 * SVG of drawing elements alone: no script, style sheet, event handler, foreign content, entity, or reference
 * to anything outside it. Both may have at most 32 KiB.
 */
export function logoUrl(bytes: Uint8Array): string {
  if (bytes.length > MAX_LOGO_BYTES) {
    throw new LogoError(
      `has ${bytes.length} bytes; the limit is ${MAX_LOGO_BYTES}. Use a smaller one.`,
    );
  }
  const type = isPng(bytes) ? "image/png" : "image/svg+xml";
  if (type === "image/svg+xml") assertPlainSvg(bytes);
  return `data:${type};base64,${Buffer.from(bytes).toString("base64")}`;
}

/** https://www.w3.org/TR/png-3/#5PNG-file-signature */
const PNG_SIGNATURE = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");

function isPng(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (!buffer.subarray(0, 8).equals(PNG_SIGNATURE)) return false;
  const isWhole =
    buffer.length >= 45 &&
    buffer.subarray(12, 16).toString("latin1") === "IHDR" &&
    buffer.subarray(-8, -4).toString("latin1") === "IEND";
  if (!isWhole) throw new LogoError("is not a whole PNG.");
  const [width, height] = [buffer.readUInt32BE(16), buffer.readUInt32BE(20)];
  if (width < 1 || height < 1 || width > MAX_PIXELS || height > MAX_PIXELS) {
    throw new LogoError(
      `has ${width} by ${height} pixels; at most ${MAX_PIXELS} a side are allowed.`,
    );
  }
  return true;
}

/** A tag with quoted attributes, a comment, or text without markup: nothing else is read. */
const TOKEN =
  /<(?<close>\/)?(?<name>[A-Za-z][\w:.-]*)(?<attributes>(?:\s+[A-Za-z_:][\w:.-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(?<empty>\/)?>|<!--(?:(?!--)[\s\S])*-->|[^<]+/y;
const ATTRIBUTE = /(?<name>[A-Za-z_:][\w:.-]*)\s*=\s*(?:"(?<double>[^"]*)"|'(?<single>[^']*)')/g;

function assertPlainSvg(bytes: Uint8Array): void {
  const text = decode(bytes)
    .replace(/^\uFEFF?\s*<\?xml\s[^<>?]*\?>/, "")
    .trim();
  const open: string[] = [];
  let isRoot = true;
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < text.length; ) {
    const groups = TOKEN.exec(text);
    if (groups === null) throw refused("markup other than elements and comments");
    const { close, name, attributes = "", empty } = groups.groups ?? {};
    if (name === undefined) {
      assertNoEntities(groups[0]);
      continue;
    }
    if (isRoot && name !== "svg") throw new LogoError("is neither a PNG nor an SVG.");
    if (open.length === 0 && !isRoot) throw refused("something after its end");
    isRoot = false;
    if (close !== undefined) {
      if (open.pop() !== name || attributes !== "") throw new LogoError("is not well-formed.");
      continue;
    }
    if (!ELEMENTS.has(name)) throw refused(`the element "${name}"`);
    for (const { groups: attribute = {} } of attributes.matchAll(ATTRIBUTE)) {
      assertPlainAttribute(attribute.name ?? "", attribute.double ?? attribute.single ?? "");
    }
    if (empty === undefined) open.push(name);
    // An element without contents is the whole picture, or none.
    else if (open.length === 0) throw new LogoError("is empty.");
  }
  if (isRoot) throw new LogoError("is neither a PNG nor an SVG.");
  if (open.length > 0) throw new LogoError("is not well-formed.");
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new LogoError("is neither a PNG nor an SVG in UTF-8."); // the cause says no more
  }
}

function assertPlainAttribute(name: string, value: string): void {
  assertNoEntities(value);
  if (/^on/i.test(name)) throw refused(`the event handler "${name}"`);
  if (/^(?:xml:base|src|filter)$/i.test(name)) throw refused(`the attribute "${name}"`);
  if (/(?:^|:)href$/i.test(name) && !/^#[\w.-]+$/.test(value))
    throw refused("a reference to elsewhere");
  // Backslashes and comments hide names from a check in CSS.
  if (/\\|\/\*|@|expression|javascript:|(?:image|src)\s*\(/i.test(value)) {
    throw refused(`the value of "${name}"`);
  }
  for (const [, target = ""] of value.matchAll(/url\s*\(([^)]*)/gi)) {
    if (!/^\s*["']?#[\w.-]+["']?\s*$/.test(target)) throw refused("a reference to elsewhere");
  }
}

function assertNoEntities(text: string): void {
  if (/&(?!(?:amp|lt|gt|quot|apos);)/.test(text)) throw refused("an entity");
}

function refused(part: string): LogoError {
  return new LogoError(
    `has ${part}, which a logo may not. Export it as a plain SVG, or use a PNG.`,
  );
}
