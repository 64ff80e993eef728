import { randomBytes } from "node:crypto";
import { downloadName } from "../../core/http/respond.ts";
import { canSign, type JwtKeys } from "../../core/links/jwt-keys.ts";
import { signLink } from "../../core/links/link.ts";

/** How long the printed link is valid. */
const LINK_HOURS = 1;

/** Environment variables, to which some may be added. */
export type Variables = Record<string, string | undefined>;

/**
 * Sets LINK_SECRET to a random value and prints that it did, unless `env` already has a key or is
 * for production, where a key that is lost with the process would be a mistake.
 */
export function provideLinkSecret(env: Variables): void {
  if (env.NODE_ENV === "production" || env.LINK_SECRET || env.LINK_JWKS) return;
  env.LINK_SECRET = randomBytes(32).toString("base64url");
  console.log(
    "LINK_SECRET is not set: generated one for this run. Its links stop working when the run ends.\n",
  );
}

/** The link to print, and the texts of its page. */
export interface FirstLink {
  readonly keys: JwtKeys;
  /** Name of the download. */
  readonly name: string;
  readonly title: string;
  readonly issuer: string;
}

/** Prints a link to everything that the service at `base` serves: its page, and a line for curl. */
export async function printFirstLink(base: string, link: FirstLink): Promise<void> {
  const { keys, name, title, issuer } = link;
  if (!canSign(keys)) {
    console.log(
      `Listening at ${base}. LINK_JWKS has no private key, so links must be signed elsewhere.`,
    );
    return;
  }
  const expires = new Date(Date.now() + LINK_HOURS * 3_600_000);
  const token = await signLink({ prefix: "", name }, { keys, expires, title, issuer });
  // A quote would end the shell's quotes around the URL.
  const filename = encodeURIComponent(downloadName(name)).replaceAll("'", "%27");
  console.log(`A link to all of it, valid for ${LINK_HOURS} hour. Its page, for a browser:\n`);
  console.log(`  ${base}/d/${token}\n`);
  console.log(`The ZIP itself:\n\n  curl -fOJ '${base}/zip/${token}/${filename}'\n`);
}

/** Returns the address of a server that listens on `host`, for a client on this machine. */
export function baseUrl(host: string, port: number): string {
  // "All interfaces" is an address to listen on. A client connects to one of them.
  const name = { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host;
  return `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
}
