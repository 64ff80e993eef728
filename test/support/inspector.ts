import { once } from "node:events";
import type { ServiceProcess } from "./service-process.ts";

/** What a process holds once all garbage is collected. */
export interface Held {
  /** JavaScript objects, and memory outside of V8's heap that they keep. Bytes. */
  readonly bytes: number;
  /** What keeps its event loop busy, such as sockets, by type and sorted. */
  readonly resources: readonly string[];
}

/**
 * Asks a service that was started with `NODE_OPTIONS=--inspect=127.0.0.1:0` what it holds, after a
 * garbage collection, by the protocol of debuggers (https://chromedevtools.github.io/devtools-protocol/).
 */
export async function inspect(service: ServiceProcess): Promise<Held> {
  const [url = ""] = await service.printed(/ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/);
  const socket = new WebSocket(url);
  await once(socket, "open");
  let id = 0;
  const call = async (method: string, params: object = {}) => {
    id++;
    const own = id;
    const answered = new Promise<{ readonly result: unknown }>((resolve) => {
      socket.addEventListener("message", ({ data }) => {
        const message = JSON.parse(String(data)) as {
          readonly id: number;
          readonly result: unknown;
        };
        if (message.id === own) resolve(message);
      });
    });
    socket.send(JSON.stringify({ id, method, params }));
    return (await answered).result;
  };
  try {
    // What finalizers let go of in the first is collected by the second.
    for (let i = 0; i < 2; i++) await call("HeapProfiler.collectGarbage");
    const expression = `JSON.stringify({
      ...process.memoryUsage(), resources: process.getActiveResourcesInfo().sort() })`;
    const { result } = (await call("Runtime.evaluate", { expression })) as {
      readonly result: { readonly value: string };
    };
    const { heapUsed, external, resources } = JSON.parse(result.value) as {
      readonly heapUsed: number;
      readonly external: number; // of which the contents of array buffers are a part
      readonly resources: readonly string[];
    };
    return { bytes: heapUsed + external, resources };
  } finally {
    socket.close();
    await once(socket, "close");
  }
}
