import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { StoreMessage, StoreSpec } from "./store-server.ts";

/** A store in a separate process, which ends on disposal. */
export interface Store extends Disposable {
  readonly endpoint: string;
  readonly spec: StoreSpec;
}

/** Starts a store, which ends on disposal. */
export async function startStore(spec: StoreSpec): Promise<Store> {
  const path = fileURLToPath(import.meta.resolve("./store-server.ts"));
  const child = fork(path, [JSON.stringify(spec)], { stdio: ["ignore", 2, 2, "ipc"] });
  const [{ port }] = (await once(child, "message")) as [StoreMessage];
  return {
    endpoint: `http://127.0.0.1:${port}`,
    spec,
    [Symbol.dispose]: () => void child.kill("SIGKILL"),
  };
}
