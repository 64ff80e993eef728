/**
 * `node examples/access-package/server.ts`: serves one access package and prints the message about
 * it.
 */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pino } from "pino";
import { createFsObjectStore, createFsSource } from "../../adapters/fs/index.ts";
import { createManifestStore, secretKeys } from "../../core/index.ts";
import { serve } from "../shared/serve.ts";
import { createAccessPackages } from "./app.ts";
import { openDatabase } from "./database.ts";
import { seed } from "./seed.ts";

const folder = await mkdtemp(join(tmpdir(), "access-package-"));
const root = join(folder, "objects");
const db = openDatabase();
const { requestId, token } = await seed(db, async (key, text) => {
  const path = join(root, key);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
});

const { url, closed } = await serve(Number(process.env.PORT ?? 8080), (publicUrl) =>
  createAccessPackages({
    db,
    source: createFsSource({ root }),
    logger: pino({ base: null }),
    linkKeys: secretKeys(randomBytes(32).toString("base64url")),
    manifests: createManifestStore({
      objects: createFsObjectStore({ root: join(folder, "manifests") }),
    }),
    publicUrl,
  }),
);

const base = `${url}/api/v1/privacy-request/${requestId}/access-package`;
const authorization = `Bearer ${token}`;
await fetch(`${base}/message`, { method: "POST", headers: { authorization } });
const { body } = db.prepare("SELECT body FROM outbox").get() ?? {};
console.log(`
The package, as a privacy officer downloads it:

  curl -fOJ '${base}/stream' -H 'Authorization: ${authorization}'

The message to the person whose data it is:

${String(body).replaceAll(/^(?=.)/gm, "  ")}`);

await closed;
await rm(folder, { recursive: true });
