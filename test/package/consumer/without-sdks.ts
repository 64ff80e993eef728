/** An application without any cloud SDK; it has to compile, and runs as it is. */
import { createServer } from "node:http";
import {
  type App,
  type AppOptions,
  type ArchiveSpec,
  type Archives,
  type BlobSource,
  createApp,
  createArchives,
  planArchive,
  storeError,
  streamZip,
  ZiplinkError,
} from "@ziplink/ziplink";
import { createLambdaFunction, lambdaResponseLimits } from "@ziplink/ziplink/aws";
import type { DeployInput } from "@ziplink/ziplink/deploy";
import { createFsObjectStore, createFsSource } from "@ziplink/ziplink/fs";
import { cloudRunResponseLimits, registerFunction } from "@ziplink/ziplink/gcp";
import { createHttpSource } from "@ziplink/ziplink/http";
import {
  createManifestStore,
  type SignLinkOptions,
  secretKeys,
  signLink,
} from "@ziplink/ziplink/links";
import { createMemorySource } from "@ziplink/ziplink/memory";
import { createNodeListener, createNodeServer } from "@ziplink/ziplink/node";

const [root = "."] = process.argv.slice(2);
const secret = "0123456789012345678901234567890123456789";
const source: BlobSource = createFsSource({ root });
const options: AppOptions = { source, linkKeys: secretKeys(secret) };
const archives: Archives = createArchives({ source });
const app: App = createApp(options, archives);
const spec: ArchiveSpec = { prefix: "", name: "Files" };
const terms: SignLinkOptions = { secret, expires: new Date(Date.now() + 60_000) };
const token = await signLink(spec, terms);

// The rest is not run here; its types are checked.
export const others = {
  cloudRunResponseLimits,
  createHttpSource,
  createLambdaFunction,
  createManifestStore: () => createManifestStore({ objects: createFsObjectStore({ root }) }),
  createMemorySource,
  createNodeServer: () => createNodeServer(app, { http2: false }),
  lambdaApp: () => createApp({ ...options, responseLimits: lambdaResponseLimits }),
  registerFunction,
  storeError,
  settings: { target: "aws", name: "ziplink", source: "s3://b", secrets: {} } satisfies DeployInput,
  stream: async () => streamZip(await planArchive(spec, source), source),
  ZiplinkError,
};

const server = createServer(createNodeListener(app)).listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  console.log(`http://127.0.0.1:${address.port}/zip/${token}/Files.zip`);
});
process.once("SIGTERM", () => server.close());
