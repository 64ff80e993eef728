import { createHmac, generateKeyPairSync, sign as signBytes } from "node:crypto";
import { OAuth2Client } from "google-auth-library";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import { createGoogleAuth } from "../../../functions/auth/google.ts";
import { handmade, seconds } from "../../support/api-client.ts";
import { appOf } from "../../support/apps.ts";
import {
  type GoogleCertificates,
  startGoogleCertificates,
} from "../../support/google-certificates.ts";

const audience = "https://files.example";
let google: GoogleCertificates;
let app: ReturnType<typeof appOf>;

beforeAll(async () => {
  google = await startGoogleCertificates();
});
afterAll(() => google.close());

beforeEach(() => {
  google.answer(200);
  const client = new OAuth2Client({ endpoints: { oauth2FederatedSignonPemCertsUrl: google.url } });
  const allowedEmails = ["Backend@project.iam.gserviceaccount.com"];
  const auth = createGoogleAuth({ audience, allowedEmails, client });
  app = appOf(createMemorySource({ "a/geheim.txt": "text" }), { auth });
});

const claims = () => ({
  iss: "https://accounts.google.com",
  aud: audience,
  sub: "10769150350006150715113082367",
  email: "backend@project.iam.gserviceaccount.com",
  email_verified: true,
  iat: seconds(-10),
  exp: seconds(3600),
});
const rs256 = (key: string) => (input: string) => signBytes("sha256", Buffer.from(input), key);
const token = (change: object = {}, kid = "g-1") =>
  handmade(
    { alg: "RS256", kid },
    { ...claims(), ...change },
    rs256((Object.hasOwn(google.privateKeys, kid) && google.privateKeys[kid]) || strange),
  );
const strange = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
}).privateKey;

const ask = (bearer: string) => app.post("/zip", { prefix: "a/" }, {}, bearer);

test("an allowed account may request everything, and is audited by its number", async () => {
  for (const bearer of [token(), token({}, "g-2"), token({ iss: "accounts.google.com" })]) {
    const response = await ask(bearer);
    expect(response.status).toBe(200);
    await response.arrayBuffer();
  }
  expect(app.events[0]).toMatchObject({ subject: "10769150350006150715113082367" });
  expect(JSON.stringify(app.events)).not.toContain("gserviceaccount");
});

describe("refuses", () => {
  test.each<[string, number, () => string]>([
    ["another audience", 401, () => token({ aud: "https://other.example" })],
    ["a list of audiences", 401, () => token({ aud: [audience] })],
    ["no audience", 401, () => token({ aud: undefined })],
    ["another issuer", 401, () => token({ iss: "https://evil.example" })],
    ["no issuer", 401, () => token({ iss: undefined })],
    ["an expired token", 401, () => token({ iat: seconds(-9000), exp: seconds(-4000) })],
    [
      "a token issued in the future",
      401,
      () => token({ iat: seconds(40_000), exp: seconds(43_000) }),
    ],
    ["a token without an expiry", 401, () => token({ exp: undefined })],
    ["a token that lasts for a year", 401, () => token({ exp: seconds(31_536_000) })],
    ["no subject", 401, () => token({ sub: undefined })],
    ["a key that is not Google's", 401, () => token({}, "g-3")],
    ["a key that is not Google's under the ID of one that is", 401, () => forged("g-1")],
    ["a kid that is a property of every object", 401, () => token({}, "__proto__")],
    ["the algorithm none", 401, () => handmade({ alg: "none", kid: "g-1" }, claims(), () => "")],
    ["a public key as an HMAC secret", 401, () => confused()],
    ["garbage", 401, () => "garbage"],
    ["garbage in three parts", 401, () => "a.b.c"],
    ["another account", 403, () => token({ email: "other@project.iam.gserviceaccount.com" })],
    ["an unverified e-mail", 403, () => token({ email_verified: false })],
    ["an e-mail verified by a string", 403, () => token({ email_verified: "true" })],
    ["no e-mail", 403, () => token({ email: undefined })],
  ])("%s: %i", async (_, status, bearer) => {
    const response = await ask(bearer());
    expect(response.status).toBe(status);
    const shown = JSON.stringify([...response.headers]) + (await response.text());
    const logged = JSON.stringify(app.events);
    expect(app.events).toMatchObject([{ event: "request_refused", status }]);
    for (const secret of ["geheim", "gserviceaccount", "eyJ", "g-1", "BEGIN"]) {
      expect(shown + logged).not.toContain(secret);
    }
  });

  const forged = (kid: string) => handmade({ alg: "RS256", kid }, claims(), rs256(strange));
  const confused = () =>
    handmade({ alg: "HS256", kid: "g-1" }, claims(), (input) =>
      createHmac("sha256", google.publicKeys["g-1"] ?? "")
        .update(input)
        .digest(),
    );
});

test("certificates are fetched once, and cached for as long as Google allows", async () => {
  const before = google.fetches();
  for (const bearer of [token(), "x.y.z", token({}, "g-2")]) await ask(bearer);
  expect(google.fetches() - before).toBe(1);
});

test("certificates that cannot be fetched are not the caller's fault", async () => {
  google.answer(404);
  const response = await ask(token());
  expect(response.status).toBe(503);
  expect(response.headers.get("retry-after")).toBe("10");
  expect(await response.text()).not.toContain("eyJ");
});
