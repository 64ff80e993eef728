import { randomBytes } from "node:crypto";
import { basename } from "node:path";
import { downloadName } from "../../core/http/respond.ts";
import { canSign, type JwtKeys } from "../../core/links/jwt-keys.ts";
import { signLink } from "../../core/links/link.ts";
import type { Location } from "../../functions/config/location.ts";
import { toShell } from "../deploy/step.ts";

/** How long the printed link is valid. */
const LINK_HOURS = 1;

/** Environment variables, to which some may be added. */
export type Variables = Record<string, string | undefined>;

/**
 * Sets LINK_SECRET to a random value and prints that it did, unless `env` already has a key or is
 * for production, where a key that is lost with the process would be a mistake. Returns whether it did.
 */
export function provideLinkSecret(env: Variables): boolean {
  if (env.NODE_ENV === "production" || env.LINK_SECRET || env.LINK_JWKS) return false;
  env.LINK_SECRET = randomBytes(32).toString("base64url");
  console.log(
    "LINK_SECRET is not set: generated one for this run. Its links stop working when the run ends.\n",
  );
  return true;
}

/** The link to print, and the texts of its page. */
export interface FirstLink {
  readonly keys: JwtKeys;
  /** Name of the download. */
  readonly name: string;
  /** Heading of the page. */
  readonly title: string;
}

/** Prints a link to everything that the service at `base` serves: its page, and a line for curl. */
export async function printFirstLink(base: string, link: FirstLink): Promise<void> {
  const { keys, name, title } = link;
  if (!canSign(keys)) {
    console.log(
      `Listening at ${base}. LINK_JWKS has no private key, so links must be signed elsewhere.`,
    );
    return;
  }
  const expires = new Date(Date.now() + LINK_HOURS * 3_600_000);
  const token = await signLink({ prefix: "", name }, { keys, expires, title });
  const filename = downloadName(name);
  console.log(`A link to all of it, valid for ${LINK_HOURS} hour. Its page, for a browser:\n`);
  console.log(`  ${base}/d/${token}\n`);
  const url = `${base}/zip/${token}/${encodePath(filename)}`;
  console.log(`The ZIP itself; the same line again resumes it:\n\n  ${curlLine(url, filename)}\n`);
}

/** Returns the command that downloads `url` to a file of this name, and continues it if it is there. */
function curlLine(url: string, filename: string): string {
  // curl does not decode the URL's last part, and with -J it does not resume.
  const output = encodePath(filename) === filename ? "-fO" : `-f -o ${toShell([filename])}`;
  return `curl ${output} -C - '${url}'`;
}

/** Encodes a name for the path of a URL in a shell's single quotes. */
function encodePath(name: string): string {
  return encodeURIComponent(name).replaceAll("'", "%27");
}

/** Returns the name for a download of all of the source: that of the folder, or the last part of the prefix. */
export function nameOf(source: Location): string {
  if (source.kind === "http") return "files";
  const path = source.kind === "folder" ? source.path : `${source.bucket}/${source.prefix}`;
  return [...basename(path)].slice(0, 100).join("") || "files";
}

/** Returns the address of a server that listens on `host`, for a client on this machine. */
export function baseUrl(host: string, port: number): string {
  // "All interfaces" is an address to listen on. A client connects to one of them.
  const name = { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host;
  return `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
}
