import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A new empty folder; whoever makes it removes it with `removeFolder`. */
export function makeFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "ziplink-test-"));
}

export function removeFolder(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true });
}

/** A new empty folder that goes with the test that is running. */
export async function temporaryFolder(): Promise<string> {
  const path = await makeFolder();
  onTestFinished(() => removeFolder(path));
  return path;
}
