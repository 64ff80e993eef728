import { createFsStateStore } from "../../adapters/fs/state-store.ts";
import { createGcsBucket } from "../../adapters/gcs/source.ts";
import { createGcsStateStore } from "../../adapters/gcs/state-store.ts";
import { createMemoryStateStore } from "../../adapters/memory/state-store.ts";
import { describeStateStore } from "../contract/state-store.ts";
import { startFakeGcs } from "../support/fake-gcs.ts";
import { makeFolder, removeFolder } from "../support/temporary-folder.ts";

describeStateStore("memory", async () => {
  return { store: createMemoryStateStore(), close: async () => undefined };
});

describeStateStore("fs", async () => {
  const root = await makeFolder();
  return { store: createFsStateStore({ root }), close: () => removeFolder(root) };
});

describeStateStore("gcs", async () => {
  const server = await startFakeGcs();
  const bucket = createGcsBucket({ bucket: "bucket", apiEndpoint: server.url });
  return { store: createGcsStateStore({ bucket, prefix: "state" }), close: server.close };
});
