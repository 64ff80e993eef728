/** `npm run link`: prints a link for a running service that has the same LINK_SECRET. */
import { parseArgs } from "node:util";
import { downloadName } from "../core/http/respond.ts";
import { signLink } from "../core/links/link.ts";
import type { ArchiveSpec } from "../core/planning/archive-spec.ts";
import { readLinkConfig } from "../functions/config/link-config.ts";
import { openManifestStore } from "../functions/stores/stores.ts";
import { CommandError, runCommand } from "./command.ts";

const USAGE = `Usage: npm run link -- (--prefix P | --key K ...) [options]

  --prefix P      every object whose key starts with P; "" for all
  --key K         one object; may be given many times
  --name N        the download's file name (default "archive.zip")
  --deflate       compressed; such an archive has no length and does not resume
  --report-missing  leaves out what is missing, and says so in the archive; with --key
  --expires T     how long the link works: 30s, 15m, 1h, 7d (default 1h)
  --subject S     whom it is for, for the audit log
  --title T       the heading of its page
  --issuer I      who made it, for its page
  --page          prints the link to its page, for people, in place of that to the ZIP
  --pin           for the contents as they are now: once they change, the link answers 412.
                  Asks the service at the base URL for their ETag
  --base-url U    where the service runs (default http://127.0.0.1:8080)

LINK_SECRET or LINK_JWKS and, where there is one, MANIFEST_STORE, in the environment or in a file
.env, are the service's own.`;

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      prefix: { type: "string" },
      key: { type: "string", multiple: true },
      name: { type: "string" },
      deflate: { type: "boolean", default: false },
      "report-missing": { type: "boolean", default: false },
      expires: { type: "string", default: "1h" },
      subject: { type: "string" },
      title: { type: "string" },
      issuer: { type: "string" },
      page: { type: "boolean", default: false },
      pin: { type: "boolean", default: false },
      "base-url": { type: "string", default: "http://127.0.0.1:8080" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const request = toRequest(values);
  const baseUrl = parseBaseUrl(values["base-url"]);
  const config = readLinkConfig(process.env);
  const options = {
    keys: config.linkKeys,
    manifests: await openManifestStore(config),
    expires: new Date(Date.now() + parseDuration(values.expires) * 1000),
    ...(values.subject === undefined ? {} : { subject: values.subject }),
    ...(values.title === undefined ? {} : { title: values.title }),
    ...(values.issuer === undefined ? {} : { issuer: values.issuer }),
  };
  const archiveUrl = (token: string) =>
    `${baseUrl}/zip/${token}/${encodeURIComponent(downloadName(request.name))}`;
  let token = await signLink(request, options);
  if (values.pin) {
    token = await signLink({ ...request, etag: await fetchEtag(archiveUrl(token)) }, options);
  }
  console.log(values.page ? `${baseUrl}/d/${token}` : archiveUrl(token));
});

/** The archive's ETag as it is now. */
async function fetchEtag(url: string): Promise<string> {
  const response = await fetch(`${url}?format=json`).catch((cause: unknown) => {
    throw new CommandError("--pin: nothing answers at the base URL. Start the service first.", {
      cause,
    });
  });
  const answer = (await response.json()) as { etag?: string; detail?: string };
  if (answer.etag !== undefined) return answer.etag;
  throw new CommandError(`--pin: the service answered ${response.status}: ${answer.detail}`);
}

function toRequest(values: {
  prefix?: string | undefined;
  key?: string[] | undefined;
  name?: string | undefined;
  deflate: boolean;
  "report-missing": boolean;
}): ArchiveSpec {
  const { prefix, key, name } = values;
  const terms = {
    ...(name === undefined ? {} : { name }),
    ...(values.deflate ? ({ compression: "deflate" } as const) : {}),
    ...(values["report-missing"] ? ({ onMissing: "report" } as const) : {}),
  };
  if (prefix !== undefined && key === undefined) return { ...terms, prefix };
  if (key !== undefined && prefix === undefined) {
    return { ...terms, entries: key.map((k) => ({ key: k })) };
  }
  throw new CommandError(`Give either --prefix or --key.\n\n${USAGE}`);
}

/** Seconds in "90s", "15m", "1h" or "7d". */
function parseDuration(text: string): number {
  const [, amount, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const seconds = Number(amount) * (UNITS[unit] ?? Number.NaN);
  if (seconds > 0) return seconds;
  throw new CommandError("--expires takes a number and one of s, m, h, d, such as 15m or 7d.");
}

function parseBaseUrl(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol === "http:" || url?.protocol === "https:") return url.href.replace(/\/+$/, "");
  throw new CommandError(
    "--base-url takes the service's address, such as https://files.example.com",
  );
}
