import { mkdir, rename, rm, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Agent, request } from "undici";
import { expect, onTestFinished, test } from "vitest";
import { createHttpSource } from "../../../adapters/http/source.ts";
import { describeBlobSource } from "../../contract/blob-source.ts";
import { collect } from "../../support/bytes.ts";
import { startNginx } from "../../support/nginx.ts";
import { makeFolder, removeFolder, temporaryFolder } from "../../support/temporary-folder.ts";
import { describeWithTools } from "../../support/tools.ts";

/** Creates an agent that counts the requests whose answers have not ended, however they end. */
function countingAgent() {
  const agent = new Agent();
  let open = 0;
  const dispatcher = agent.compose((dispatch) => (options, handler) => {
    open++;
    return dispatch(options, {
      onRequestStart: (...args) => handler.onRequestStart?.(...args),
      onResponseStart: (...args) => handler.onResponseStart?.(...args),
      onResponseData: (...args) => handler.onResponseData?.(...args),
      onResponseEnd(...args) {
        open--;
        handler.onResponseEnd?.(...args);
      },
      onResponseError(...args) {
        open--;
        handler.onResponseError?.(...args);
      },
    });
  });
  return { dispatcher, open: () => open, close: () => agent.destroy() };
}

describeWithTools("http source", ["nginx"], () => {
  describeBlobSource("http (nginx)", async () => {
    const folder = await makeFolder();
    const root = join(folder, "root");
    await mkdir(root);
    const nginx = await startNginx({ root });
    const agent = countingAgent();
    return {
      source: createHttpSource({ base: nginx.url, dispatcher: agent.dispatcher }),
      canList: false,
      async put(key, bytes, modified) {
        const path = join(root, key);
        await mkdir(dirname(path), { recursive: true });
        // Replaces the file, as any careful publisher does: an answer that nginx is sending stays
        // the same.
        const next = join(folder, "next");
        await writeFile(next, bytes);
        await utimes(next, modified, modified);
        await rename(next, path);
      },
      remove: (key) => rm(join(root, key)),
      held: agent.open,
      async close() {
        await agent.close();
        await nginx.stop();
        await removeFolder(folder);
      },
    };
  });

  test("receives uncompressed what nginx would compress", async () => {
    const root = await temporaryFolder();
    const text = Buffer.from("all work and no play ".repeat(1000));
    await writeFile(join(root, "text.txt"), text);
    const nginx = await startNginx({ root, gzip: true });
    onTestFinished(nginx.stop);
    const headers = { "accept-encoding": "gzip" };
    const compressed = await request(`${nginx.url}/text.txt`, { headers });
    await compressed.body.dump();
    expect(compressed.headers).toMatchObject({
      etag: expect.stringMatching(/^W\//),
      "content-encoding": "gzip",
      "transfer-encoding": "chunked",
    });

    const source = createHttpSource({ base: nginx.url });
    const info = await source.stat("text.txt");
    expect(info).toMatchObject({ size: text.length, contentType: "text/plain" });
    expect(info.version).toMatch(/^"/);
    const read = await collect(await source.open(info, { start: 1, end: info.size }));
    expect(read.equals(text.subarray(1))).toBe(true);
  });
});
