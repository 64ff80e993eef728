/** A piece of HTML. Everything else is text, and is escaped when it becomes part of one. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Values of a template: HTML is kept, text and numbers are escaped, lists are joined, `undefined` adds nothing. */
export type Content = Html | string | number | undefined | readonly Content[];

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Tag of an HTML template. Values are safe only as text and in quoted attributes. */
export function html(parts: TemplateStringsArray, ...values: Content[]): Html {
  let text = parts[0] ?? "";
  for (const [i, value] of values.entries()) text += toText(value) + (parts[i + 1] ?? "");
  return new Html(text);
}

/** Returns `text` as HTML, with each `{name}` replaced by the content of that name. */
export function fillHtml(text: string, values: Readonly<Record<string, Content>>): Html {
  // Every second part is a name.
  const parts = text.split(/\{(\w+)\}/);
  return html`${parts.map((part, i) => (i % 2 === 0 ? part : values[part]))}`;
}

/**
 * Returns `value` as a JSON data block, which no `<` in it can end and no browser runs. `JSON.parse` restores the
 * value.
 */
export function jsonBlock(id: string, value: unknown): Html {
  const json = new Html(JSON.stringify(value).replaceAll("<", "\\u003c"));
  return html`<script type="application/json" id="${id}">${json}</script>`;
}

function toText(content: Content): string {
  if (content instanceof Html) return content.text;
  if (content === undefined) return "";
  if (typeof content === "object") return content.map(toText).join("");
  return String(content).replace(/[&<>"']/g, (character) => entities[character] ?? "");
}
