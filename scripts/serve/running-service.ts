import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { Variables } from "./first-link.ts";

/** A service that a command of this user has started. */
const noteSchema = z.object({ url: z.url({ protocol: /^https?$/ }), pid: z.int().min(1) });

/** Length up to which a note is read. Bytes. */
const MAX_NOTE_BYTES = 10_000;

/**
 * Notes the address of the service that this process runs, for `ziplink link` of the same user. The note
 * holds no secret, and ends with the process. Does nothing where the user has no folder for such files.
 */
export function noteService(env: Variables, url: string): void {
  const folder = folderOf(env);
  if (folder === undefined) return;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const temporary = join(folder, `service-${process.pid}.tmp`);
    writeFileSync(temporary, JSON.stringify({ url, pid: process.pid }), { mode: 0o600 });
    renameSync(temporary, noteIn(folder));
  } catch (error) {
    // The service works without it.
    const reason = error instanceof Error ? error.message : String(error);
    console.error(`ziplink link will need --base-url ${url}: ${reason}`);
  }
}

/** Returns the address of the service that was started last, if it still runs. */
export function findService(env: Variables): string | undefined {
  const folder = folderOf(env);
  if (folder === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(noteIn(folder), "utf8").slice(0, MAX_NOTE_BYTES);
  } catch {
    return undefined; // the usual case: none was started
  }
  const { data } = noteSchema.safeParse(parseJson(text));
  return data && isRunning(data.pid) ? data.url : undefined;
}

/** Returns the folder for files that belong to this user's running programs, if there is one. */
function folderOf({ XDG_RUNTIME_DIR, LOCALAPPDATA, HOME }: Variables): string | undefined {
  if (XDG_RUNTIME_DIR) return join(XDG_RUNTIME_DIR, "ziplink");
  if (LOCALAPPDATA) return join(LOCALAPPDATA, "ziplink");
  return HOME ? join(HOME, ".cache", "ziplink") : undefined;
}

function noteIn(folder: string): string {
  return join(folder, "service.json");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // written by another version, or by hand
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
