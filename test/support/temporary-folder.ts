import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Creates an empty folder. The caller must remove it with `removeFolder`. */
export function makeFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "ziplink-test-"));
}

export function removeFolder(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true });
}

/** Creates an empty folder that is removed after the running test. */
export async function temporaryFolder(): Promise<string> {
  const path = await makeFolder();
  onTestFinished(() => removeFolder(path));
  return path;
}
