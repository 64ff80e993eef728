import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JWK } from "jose";
import { parseJwks } from "../../core/links/jwt-keys.ts";
import { handmade, hmac, privately, seconds } from "./api-client.ts";
import { type ServiceProcess, startService } from "./service-process.ts";
import { makeFolder, removeFolder } from "./temporary-folder.ts";

/** The objects of the service: three tenants, two of which have names that begin alike. */
const FILES: Readonly<Record<string, string>> = {
  "a/vertraulich.txt": "of a",
  "a/sub/gehalt.pdf": "of a, too",
  "ab/befund.txt": "of ab",
  "b/kündigung.txt": "of b",
};

/** The token for the service's metrics. */
const METRICS_TOKEN = randomBytes(32).toString("hex");

const oct = (kid: string) => ({ kty: "oct", kid, k: randomBytes(32).toString("base64url") });
const pair = (kid: string, curve: "P-256" | "ed25519"): JWK => ({
  ...(curve === "ed25519"
    ? generateKeyPairSync("ed25519")
    : generateKeyPairSync("ec", { namedCurve: curve })
  ).privateKey.export({ format: "jwk" }),
  kid,
});

/** Returns the public half of a key. */
export const publicOf = ({ d: _, ...jwk }: JWK): JWK => jwk;

/** Returns a function that signs with the key's own algorithm. */
export function signerOf(jwk: JWK): { readonly alg: string; sign: (input: string) => Buffer } {
  if (jwk.kty === "oct") return { alg: "HS256", sign: hmac(Buffer.from(jwk.k ?? "", "base64url")) };
  return { alg: jwk.kty === "EC" ? "ES256" : "EdDSA", sign: privately(jwk) };
}

/** A service in a separate process, with every kind of key, and an attacker's tools. */
export interface GuardedService {
  readonly service: ServiceProcess;
  /** Keys of links, and keys of callers. No key is used for both. */
  readonly links: { readonly oct: JWK; readonly ec: JWK; readonly ed: JWK };
  readonly callers: { readonly oct: JWK; readonly ec: JWK };
  /** Returns a genuine token of a link, with `change` applied to its claims. */
  link(zip: unknown, change?: object, key?: JWK): string;
  /** Returns a genuine token of a caller within `a/`, with `change` applied to its claims. */
  caller(change?: object, key?: JWK): string;
  /** The folder of the manifests. */
  readonly manifests: string;
  /** Texts that must appear in no body and no log: names, keys, folders, secrets. */
  readonly secrets: readonly string[];
  /** Every token that `link` and `caller` have created so far. */
  readonly issued: ReadonlySet<string>;
  stop(): Promise<void>;
}

export async function startGuardedService(): Promise<GuardedService> {
  const folder = await makeFolder();
  const files = join(folder, "files");
  for (const [key, text] of Object.entries(FILES)) {
    await mkdir(join(files, key, ".."), { recursive: true });
    await writeFile(join(files, key), text);
  }
  const links = { oct: oct("l-oct"), ec: pair("l-ec", "P-256"), ed: pair("l-ed", "ed25519") };
  const callers = { oct: oct("c-oct"), ec: pair("c-ec", "P-256") };
  const jwks = (...keys: JWK[]) => JSON.stringify({ keys });
  parseJwks(jwks(...Object.values(links)));
  const service = await startService("functions/node.ts", {
    SOURCE: files,
    LINK_JWKS: jwks(links.oct, publicOf(links.ec), publicOf(links.ed)),
    API_JWKS: jwks(callers.oct, publicOf(callers.ec)),
    MANIFEST_STORE: join(folder, "manifests"),
    MAX_ENTRIES: "50",
    MAX_BODY_BYTES: "50_000",
    MAX_LINK_SECONDS: "3600",
    METRICS: "true",
    METRICS_TOKEN: METRICS_TOKEN,
  });
  const issued = new Set<string>();
  const sign = (claims: object, jwk: JWK) => {
    const { alg, sign: signer } = signerOf(jwk);
    const token = handmade({ alg, typ: "JWT", kid: jwk.kid }, claims, signer);
    issued.add(token);
    return token;
  };
  const keys: JWK[] = [...Object.values(links), ...Object.values(callers)];
  return {
    service,
    links,
    callers,
    link: (zip, change = {}, key = links.oct) =>
      sign({ aud: "ziplink", exp: seconds(600), sub: "s", jti: "l-1", zip, ...change }, key),
    caller: (change = {}, key = callers.oct) =>
      sign(
        {
          aud: "ziplink-api",
          exp: seconds(600),
          sub: "caller-a",
          scope: { prefixes: ["a/"] },
          ...change,
        },
        key,
      ),
    manifests: join(folder, "manifests"),
    issued,
    secrets: [
      ...Object.keys(FILES).flatMap((key) => [key, key.slice(key.lastIndexOf("/") + 1)]),
      ...keys.flatMap(({ k, d }) => [k, d]).filter((secret) => secret !== undefined),
      folder,
      METRICS_TOKEN,
      "\n    at ",
      "eyJ",
    ],
    async stop() {
      await service.stop();
      await removeFolder(folder);
    },
  };
}
