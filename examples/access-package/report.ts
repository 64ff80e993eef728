import { html } from "hono/html";
import { type InlineEntry, inlineBytes } from "../../core/index.ts";
import type { Attachment, CollectedRecord, PrivacyRequest } from "./database.ts";

/** An attachment, with its path in the package. */
export interface PackedFile extends Attachment {
  readonly path: string;
}

/**
 * Creates the page on which people read their package, without a server or a script. It depends on
 * its arguments alone: equal data must give equal bytes, or a download could not be resumed.
 */
export async function createReport(
  { id, organisation, completedAt }: PrivacyRequest,
  records: readonly CollectedRecord[],
  files: readonly PackedFile[],
): Promise<InlineEntry> {
  const page = await html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
    <meta name="viewport" content="width=device-width">
    <title>Your data at ${organisation}</title>
    <style>
      body { font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem }
      table { border-collapse: collapse; width: 100% }
      th, td { text-align: left; vertical-align: top; padding: .25rem .5rem; border-bottom: 1px solid #ccc }
    </style>
  </head>
  <body>
    <h1>Your data at ${organisation}</h1>
    <p>Request ${id}, completed on ${completedAt?.slice(0, 10)}.
      <a href="data.json">data.json</a> has the same data for programs.</p>
    <h2>What we hold</h2>
    <table>
      <tr><th scope="col">System</th><th scope="col">Field</th><th scope="col">Value</th></tr>
      ${records.map(
        ({ system, field, value }) =>
          html`<tr><td>${system}</td><td>${field}</td><td>${value}</td></tr>\n`,
      )}
    </table>
    <h2>Files (${files.length})</h2>
    <ul>
      ${files.map(
        ({ path, description }) =>
          html`<li><a href="${relativeUrl(path)}">${path}</a>: ${description}</li>\n`,
      )}
    </ul>
  </body>
</html>
`;
  return inlineBytes({
    name: "report.html",
    bytes: new TextEncoder().encode(page.toString()),
    modified: new Date(completedAt ?? 0),
    contentType: "text/html; charset=utf-8",
  });
}

/** Returns a path in the archive as a URL relative to the report. */
function relativeUrl(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
