import { execFile, spawnSync } from "node:child_process";
import { devNull } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export interface Download {
  readonly bytes: number;
  readonly seconds: number;
}

const hasCurl = spawnSync("curl", ["--version"], { stdio: "ignore" }).status === 0;

/** The program that downloads; it is of another process, so that its work is not the server's. */
export const client = hasCurl ? "curl" : "node";

/** Fetches `url` to nowhere. Rejects if the response is not a 200, or is cut short. */
export async function download(url: string, signal: AbortSignal): Promise<Download> {
  const { stdout } = await promisify(execFile)(
    hasCurl ? "curl" : process.execPath,
    hasCurl
      ? [
          "--disable", // leaves out the user's configuration; must come first
          ...["--silent", "--show-error", "--fail", "--noproxy", "*"],
          ...["--output", devNull, "--write-out", "%{size_download} %{time_total}", url],
        ]
      : [fileURLToPath(import.meta.resolve("./client.ts")), url],
    { signal, killSignal: "SIGKILL" },
  );
  const [bytes, seconds] = stdout.trim().split(" ").map(Number);
  if (!bytes || !seconds) throw new Error(`The client said: ${stdout}`);
  return { bytes, seconds };
}
