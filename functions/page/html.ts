/** A piece of HTML. What is not one is text, and is escaped when it becomes part of one. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a template takes: HTML as it is, text and numbers escaped, lists in a row, nothing for `undefined`. */
export type Content = Html | string | number | undefined | readonly Content[];

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A template of HTML. Values stand as text or in quoted attributes; nowhere else are they safe. */
export function html(parts: TemplateStringsArray, ...values: Content[]): Html {
  let text = parts[0] ?? "";
  for (const [i, value] of values.entries()) text += toText(value) + (parts[i + 1] ?? "");
  return new Html(text);
}

/**
 * `value` as a data block of JSON: `<` cannot end it, and no browser runs it. `JSON.parse` gives the value again.
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
