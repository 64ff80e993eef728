/** `ziplink link`: prints a link for a running service that uses the same LINK_SECRET. */
import { parseArgs } from "node:util";
import { downloadName } from "../../core/http/respond.ts";
import { signLink } from "../../core/links/link.ts";
import type { ArchiveSpec } from "../../core/planning/archive-spec.ts";
import { defaults } from "../../functions/config/defaults.ts";
import { readLinkConfig } from "../../functions/config/link-config.ts";
import { openManifestStore } from "../../functions/stores/stores.ts";
import { type Command, CommandError, UsageError } from "../command.ts";
import { printable } from "../printable.ts";
import type { Variables } from "../serve/first-link.ts";
import { findService } from "../serve/running-service.ts";

const USAGE = `(--prefix P | --key K ...) [options]

  --prefix P      all objects whose keys begin with P; "" for the whole source
  --key K         one object; repeatable
  --name N        file name of the download (default "archive.zip")
  --deflate       compresses; such a download has no known length and cannot resume
  --report-missing
                  leaves out missing objects and lists them in the archive; with --key
  --expires T     how long the link is valid: 30s, 15m, 1h, 7d (default ${defaults.linkSeconds / 3600}h)
  --subject S     the recipient, for the audit log
  --title T       heading of the download page
  --issuer I      who issued the link, for the download page
  --page          prints the link to the download page instead of the ZIP
  --pin           pins the link to the current contents: once they change, it answers 412.
                  Requests the current ETag from the service at the base URL
  --base-url U    the service's address (default: PUBLIC_URL; or else that of the service which
                  npm start or ziplink serve runs for you, or http://127.0.0.1 with PORT or 8080)

Set LINK_SECRET or LINK_JWKS, and MANIFEST_STORE if the service uses one, to the values of the
service, in the environment or in a file .env.`;

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

export const link: Command = {
  summary: "creates a link and prints it",
  usage: USAGE,
  async run(args) {
    const { values } = parseArgs({
      args,
      options: {
        prefix: { type: "string" },
        key: { type: "string", multiple: true },
        name: { type: "string" },
        deflate: { type: "boolean", default: false },
        "report-missing": { type: "boolean", default: false },
        expires: { type: "string", default: `${defaults.linkSeconds}s` },
        subject: { type: "string" },
        title: { type: "string" },
        issuer: { type: "string" },
        page: { type: "boolean", default: false },
        pin: { type: "boolean", default: false },
        "base-url": { type: "string" },
      },
    });
    const spec = toSpec(values);
    const baseUrl = parseBaseUrl(values["base-url"] ?? defaultBaseUrl(process.env));
    const config = readLinkConfig(process.env);
    const archiveUrl = (token: string) =>
      `${baseUrl}/zip/${token}/${encodeURIComponent(downloadName(spec.name))}`;
    const options = {
      keys: config.linkKeys,
      maxTokenLength: Math.max(0, config.maxLinkLength - archiveUrl("").length),
      manifests: await openManifestStore(config),
      expires: new Date(Date.now() + parseDuration(values.expires) * 1000),
      ...(values.subject === undefined ? {} : { subject: values.subject }),
      ...(values.title === undefined ? {} : { title: values.title }),
      ...(values.issuer === undefined ? {} : { issuer: values.issuer }),
    };
    let token = await signLink(spec, options);
    if (values.pin) {
      token = await signLink({ ...spec, etag: await fetchEtag(archiveUrl(token)) }, options);
    }
    console.log(values.page ? `${baseUrl}/d/${token}` : archiveUrl(token));
  },
};

/** Returns the archive's current ETag. */
async function fetchEtag(url: string): Promise<string> {
  const response = await fetch(`${url}?format=json`).catch((cause: unknown) => {
    throw new CommandError("--pin: the service at the base URL does not answer. Start it first.", {
      cause,
    });
  });
  const { etag, detail = response.statusText } = parseAnswer(await response.text());
  if (typeof etag === "string") return etag;
  throw new CommandError(
    `--pin: the service answered ${response.status}: ${printable(String(detail))}`,
  );
}

/** Returns the fields of an answer; none if it is not JSON, as that of another server. */
function parseAnswer(text: string): { readonly etag?: unknown; readonly detail?: unknown } {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

function toSpec(values: {
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
  throw new UsageError("Expected either --prefix or --key.");
}

/** Returns the seconds in "90s", "15m", "1h" or "7d". */
function parseDuration(text: string): number {
  const [, amount, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const seconds = Number(amount) * (UNITS[unit] ?? Number.NaN);
  if (seconds > 0) return seconds;
  throw new CommandError("--expires must be a number followed by s, m, h or d, such as 15m or 7d.");
}

function defaultBaseUrl(env: Variables): string {
  return env.PUBLIC_URL || findService(env) || `http://127.0.0.1:${env.PORT || 8080}`;
}

function parseBaseUrl(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol === "http:" || url?.protocol === "https:") return url.href.replace(/\/+$/, "");
  throw new CommandError(
    "--base-url must be the service's address, such as https://files.example.com",
  );
}
