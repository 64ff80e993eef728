import { createHash } from "node:crypto";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { createFsObjectStore } from "../../../adapters/fs/object-store.ts";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import { ZiplinkError } from "../../../core/errors.ts";
import { createHandler } from "../../../core/http/handler.ts";
import { type RequestScope, unrestrictedScope } from "../../../core/http/request-scope.ts";
import { secretKeys } from "../../../core/links/jwt-keys.ts";
import { signLink, verifyLink } from "../../../core/links/link.ts";
import { createManifestStore, type ManifestStore } from "../../../core/links/manifest.ts";
import { handmade, hmac, seconds } from "../../support/api-client.ts";
import { appOf, claimsOf } from "../../support/apps.ts";
import { codeOf } from "../../support/error-codes.ts";
import { handlerOptions } from "../../support/handlers.ts";
import { linkSecret as secret } from "../../support/secrets.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const keys = secretKeys(secret);
const expires = new Date(Date.now() + 60_000);
const many = {
  name: "many",
  entries: Array.from({ length: 500 }, (_, i) => ({ key: `a/geheim-${i}.txt` })),
};

let root: string;
let manifests: ManifestStore;

beforeEach(async () => {
  root = await temporaryFolder();
  manifests = createManifestStore({ objects: createFsObjectStore({ root }), cacheSeconds: 0 });
});

const fileOf = async () => join(root, (await readdir(root))[0] ?? "");

const tokenOf = (zip: unknown) =>
  handmade({ alg: "HS256" }, { aud: "ziplink", exp: seconds(60), zip }, hmac(secret));

describe("a list too long for a URL", () => {
  test("is kept under its hash, which the token states", async () => {
    const token = await signLink(many, { secret, expires, manifests });
    expect(token.length).toBeLessThan(600);
    const claims = claimsOf(`http://x/zip/${token}`);
    const [name = ""] = await readdir(root);
    const sha256 = name.replace(".json", "");
    expect(claims.zip).toEqual({ manifest: name, sha256 });
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect((await verifyLink(token, keys, manifests)).spec).toEqual(many);
  });

  test("is the same object for every link to it, and the token has the pin", async () => {
    const etag = '"e"';
    const one = await signLink(many, { secret, expires, manifests });
    const two = await signLink({ ...many, etag }, { secret, expires, manifests });
    expect(one).not.toBe(two);
    expect(await readdir(root)).toHaveLength(1);
    expect((await verifyLink(two, keys, manifests)).spec).toEqual({ ...many, etag });
  });

  test("is refused without a manifest store, with a message that says what to do", async () => {
    const signing = signLink(many, { secret, expires });
    await expect(signing).rejects.toMatchObject({ code: "link_too_long", status: 422 });
    await expect(signing).rejects.toThrow(/MANIFEST_STORE/);
  });

  test("begins where the token exceeds 6 KB", async () => {
    const of = (length: number) =>
      signLink({ entries: [{ key: "k" }], name: "n" }, { secret, expires, id: "i".repeat(length) });
    const bare = (await of(1)).length;
    const fits = Math.floor(((6144 - bare) * 3) / 4);
    expect((await of(fits)).length).toBeLessThanOrEqual(6144);
    expect(await codeOf(of(fits + 4))).toBe("link_too_long");
  });
});

describe("a manifest is refused", () => {
  test("if it has changed", async () => {
    const token = await signLink(many, { secret, expires, manifests });
    const file = await fileOf();
    await writeFile(file, JSON.stringify({ prefix: "" }));
    expect(await codeOf(verifyLink(token, keys, manifests))).toBe("precondition_failed");
    await writeFile(file, `${JSON.stringify(many)} `);
    expect(await codeOf(verifyLink(token, keys, manifests))).toBe("precondition_failed");
    await writeFile(file, JSON.stringify(many));
    expect(await codeOf(verifyLink(token, keys, manifests))).toBe("resolved");
  });

  test("if it is another link's, swapped under its name or in the claim", async () => {
    const first = await signLink(many, { secret, expires, manifests });
    const other = { ...many, name: "other" };
    const reference = await manifests.keep(other);
    const { manifest = "", sha256 } = claimsOf(`http://x/zip/${first}`).zip as {
      manifest?: string;
      sha256?: string;
    };
    await writeFile(join(root, manifest), JSON.stringify(other));
    expect(await codeOf(verifyLink(first, keys, manifests))).toBe("precondition_failed");
    const crossed = tokenOf({ manifest: reference.manifest, sha256 });
    expect(await codeOf(verifyLink(crossed, keys, manifests))).toBe("precondition_failed");
  });

  test("if it is gone, with a message for the person who has the link", async () => {
    const token = await signLink(many, { secret, expires, manifests });
    await rm(await fileOf());
    await expect(verifyLink(token, keys, manifests)).rejects.toMatchObject({
      code: "not_found",
      message: "The list of files behind this link is gone. Ask for a new link.",
    });
  });

  test("if the service has no manifest store", async () => {
    const token = await signLink(many, { secret, expires, manifests });
    await expect(verifyLink(token, keys)).rejects.toThrow("this service has no MANIFEST_STORE");
  });

  test.each([
    ["not JSON", "no json"],
    ["not an archive spec", '{"prefix":1}'],
    ["another reference to a manifest", `{"manifest":"x","sha256":"${"0".repeat(64)}"}`],
  ])("if it is %s", async (_, text) => {
    await writeFile(join(root, "own.json"), text);
    const sha256 = createHash("sha256").update(text).digest("hex");
    const token = tokenOf({ manifest: "own.json", sha256 });
    await expect(verifyLink(token, keys, manifests)).rejects.toMatchObject({
      code: "malformed",
      message: expect.stringMatching(/^manifest/),
    });
  });

  test.each(["../own.json", "a/b", "/etc/passwd", "..", ".hidden", "", "a\0", "x".repeat(201), 1])(
    "if it is called %j",
    async (manifest) => {
      const token = tokenOf({ manifest, sha256: "0".repeat(64) });
      await expect(verifyLink(token, keys, manifests)).rejects.toMatchObject({
        code: "malformed",
        details: { field: "zip.manifest" },
      });
    },
  );

  test.each([
    [{ sha256: "0".repeat(63) }, "zip.sha256"],
    [{ sha256: undefined }, "zip.sha256"],
    [{ entries: [{ key: "a" }] }, "zip.entries"],
    [{ etag: "weak" }, "zip.etag"],
  ])("if %j is beside its name", async (change, field) => {
    const token = tokenOf({ manifest: "own.json", sha256: "0".repeat(64), ...change });
    await expect(verifyLink(token, keys, manifests)).rejects.toMatchObject({ details: { field } });
  });
});

describe("a service with a manifest store", () => {
  const source = createMemorySource(
    Object.fromEntries(many.entries.map(({ key }, i) => [key, `text ${i}`])),
  );

  test("makes pinned links to long lists and serves them", async () => {
    const { mint, get } = appOf(source, { manifests });
    const { url, entries } = await mint(many);
    expect(entries).toBe(500);
    expect(url.length).toBeLessThan(800);
    expect(claimsOf(url).zip.etag).toBeDefined();
    expect((await get(url)).status).toBe(200);
    await writeFile(await fileOf(), JSON.stringify({ ...many, prefix: "" }));
    const swapped = await get(url);
    expect(swapped.status).toBe(412);
    expect(await swapped.text()).not.toContain("geheim");
    await rm(await fileOf());
    expect((await get(url)).status).toBe(404);
  });

  test("reads a manifest once for slices requested within a short while", async () => {
    let reads = 0;
    const objects = createFsObjectStore({ root });
    const counted = createManifestStore({
      objects: {
        ...objects,
        get(name, signal) {
          reads++;
          return objects.get(name, signal);
        },
      },
    });
    const { mint, get } = appOf(source, { manifests: counted });
    const { url } = await mint(many);
    for (const range of ["bytes=0-9", "bytes=10-19", "bytes=20-29"]) {
      expect((await get(url, { headers: { Range: range } })).status).toBe(206);
    }
    expect(reads).toBe(1);
  });

  test.each([
    ["unavailable", 503],
    ["timeout", 504],
  ] as const)("reports that the store is %s: %i", async (code, status) => {
    const refuse = async () => {
      throw new ZiplinkError(code, "the store said so");
    };
    const failing = createManifestStore({ objects: { get: refuse, put: refuse } });
    const { post, get } = appOf(source, { manifests: failing });
    expect((await post("/links", many)).status).toBe(status);
    const token = await signLink(many, { secret, expires, manifests });
    expect((await get(`/zip/${token}`)).status).toBe(status);
  });

  test("without one says what to do", async () => {
    const { post } = appOf(source);
    const response = await post("/links", many);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      code: "link_too_long",
      detail: expect.stringContaining("MANIFEST_STORE"),
    });
  });
});

test("is asked for only once its link has been let in", async () => {
  const token = await signLink(many, { secret, expires, manifests });
  let loads = 0;
  const counted: ManifestStore = {
    ...manifests,
    load(reference, signal) {
      loads++;
      return manifests.load(reference, signal);
    },
  };
  const handle = createHandler({ ...handlerOptions(createMemorySource({})), manifests: counted });
  const busy: RequestScope = {
    ...unrestrictedScope(() => undefined),
    admit: () => Promise.reject(new ZiplinkError("too_many_requests", "Too many.")),
  };
  const ask = (scope: RequestScope) => handle(new Request("http://localhost/x"), token, scope);
  expect((await ask(busy)).status).toBe(429);
  expect(loads).toBe(0);
  await ask(unrestrictedScope(() => undefined));
  expect(loads).toBe(1);
});
