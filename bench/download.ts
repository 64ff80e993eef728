import { execFile, spawnSync } from "node:child_process";
import { devNull } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export interface Download {
  readonly bytes: number;
  readonly seconds: number;
}

const hasCurl = spawnSync("curl", ["--version"], { stdio: "ignore" }).status === 0;

/**
 * The downloading program. It runs in another process, so that its work does not count as the
 * server's.
 */
export const client = hasCurl ? "curl" : "node";

/** Fetches `url` and discards the body. Rejects if the response is not a 200, or is truncated. */
export async function download(url: string, signal: AbortSignal): Promise<Download> {
  const { stdout } = await promisify(execFile)(
    hasCurl ? "curl" : process.execPath,
    hasCurl
      ? [
          "--disable", // ignores the user's configuration; must come first
          ...["--silent", "--show-error", "--fail", "--noproxy", "*"],
          ...["--output", devNull, "--write-out", "%{size_download} %{time_total}", url],
        ]
      : [fileURLToPath(import.meta.resolve("./client.ts")), url],
    { signal, killSignal: "SIGKILL" },
  );
  const [bytes, seconds] = stdout.trim().split(" ").map(Number);
  if (!bytes || !seconds) throw new Error(`The client printed unexpected output: ${stdout}`);
  return { bytes, seconds };
}
