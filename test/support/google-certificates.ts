import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A stub server of Google's list of certificates. */
export interface GoogleCertificates {
  readonly url: string;
  /** The private key of each `kid` in the list. */
  readonly privateKeys: Readonly<Record<string, string>>;
  readonly publicKeys: Readonly<Record<string, string>>;
  /** Returns how often the list was fetched. */
  fetches(): number;
  /** Makes the server answer with this status from now on. */
  answer(status: number): void;
  close(): Promise<void>;
}

/** Starts the server with two keys, in the form of https://www.googleapis.com/oauth2/v1/certs. */
export async function startGoogleCertificates(): Promise<GoogleCertificates> {
  const pairs = ["g-1", "g-2"].map((kid) => ({
    kid,
    ...generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    }),
  }));
  const publicKeys = Object.fromEntries(pairs.map(({ kid, publicKey }) => [kid, publicKey]));
  let fetches = 0;
  let status = 200;
  const server = createServer((_, response) => {
    fetches++;
    response.writeHead(status, {
      "Content-Type": "application/json",
      "Cache-Control": "public, max-age=20000",
    });
    response.end(status === 200 ? JSON.stringify(publicKeys) : "{}");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/oauth2/v1/certs`,
    privateKeys: Object.fromEntries(pairs.map(({ kid, privateKey }) => [kid, privateKey])),
    publicKeys,
    fetches: () => fetches,
    answer(next) {
      status = next;
    },
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
