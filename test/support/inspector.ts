import { once } from "node:events";
import type { ServiceProcess } from "./service-process.ts";

/** The memory and resources that a process holds after a garbage collection. */
export interface Held {
  /** JavaScript objects, and the memory outside V8's heap that they hold. Bytes. */
  readonly bytes: number;
  /** The resources that keep its event loop alive, such as sockets, sorted by type. */
  readonly resources: readonly string[];
}

/**
 * Asks a service that was started with `NODE_OPTIONS=--inspect=127.0.0.1:0` what it holds after a
 * garbage collection, over the debugger's protocol
 * (https://chromedevtools.github.io/devtools-protocol/).
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
    // The second collects what finalizers release in the first.
    for (let i = 0; i < 2; i++) await call("HeapProfiler.collectGarbage");
    const expression = `JSON.stringify({
      ...process.memoryUsage(), resources: process.getActiveResourcesInfo().sort() })`;
    const { result } = (await call("Runtime.evaluate", { expression })) as {
      readonly result: { readonly value: string };
    };
    const { heapUsed, external, resources } = JSON.parse(result.value) as {
      readonly heapUsed: number;
      readonly external: number; // includes the contents of array buffers
      readonly resources: readonly string[];
    };
    return { bytes: heapUsed + external, resources };
  } finally {
    socket.close();
    await once(socket, "close");
  }
}
