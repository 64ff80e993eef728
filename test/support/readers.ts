import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command, Outcome, RunOptions, Tool } from "./tools.ts";
import { isClean, runTool } from "./tools.ts";

/** The decoded contents of an entry. `crc32` is that of the decoded bytes, not the stored one. */
export interface DigestedEntry {
  readonly name: string;
  readonly size: number;
  readonly crc32: number;
}

/**
 * A ZIP reader that shares no code with ours. Every method rejects with the tool's own output if
 * the tool finds an error, prints a warning, or takes longer than two minutes (see `RunOptions`).
 */
export interface ZipReader {
  readonly name: string;
  /** The programs that it runs, for `describeWithTools`. */
  readonly needs: readonly Tool[];
  /**
   * Whether it reads from front to back and cannot seek. Such a reader stops where the central
   * directory begins, so it accepts an archive that is truncated or wrong after that point, or that
   * has no entry at its start: compare the output too.
   */
  readonly streaming: boolean;
  /** Extracts `archive` into `folder`, which must exist and be empty. */
  extract(archive: string, folder: string, options?: RunOptions): Promise<void>;
  /** Decodes every entry and compares its CRC, in bounded memory and without writing files. */
  test(archive: string, options?: RunOptions): Promise<void>;
  /**
   * Does the same as `test`, and returns what was decoded, in the archive's order. Not every tool
   * can.
   */
  readonly digest?: (archive: string, options?: RunOptions) => Promise<readonly DigestedEntry[]>;
}

const readersFolder = new URL("./readers/", import.meta.url);
const pythonScript = fileURLToPath(new URL("read_zip.py", readersFolder));
const javaSource = fileURLToPath(new URL("ReadZip.java", readersFolder));
const cacheFolder = fileURLToPath(
  new URL("../../node_modules/.cache/ziplink-readers/", import.meta.url),
);
/** Fast to start, and small: no reader may hold an entry in memory. */
const javaFlags = ["-Xmx256m", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];

export const readers: readonly ZipReader[] = [
  programReader({
    name: "unzip",
    extract: (archive, folder) => unzip("-q", "-o", archive, "-d", folder),
    // Compares CRCs only with the local header or data descriptor, not with the central directory.
    test: (archive) => unzip("-tq", archive),
    // It warns about an archive without entries, which is valid, with exit code 1.
    accepts: (outcome) =>
      isClean(outcome) ||
      (outcome.code === 1 &&
        /^warning \[.*\]: +zipfile is empty\n$/.test(outcome.stderr + outcome.stdout)),
  }),
  programReader({
    name: "7z",
    extract: (archive, folder) => sevenZip("x", "-y", "-bd", `-o${folder}`, archive),
    test: (archive) => sevenZip("t", "-y", "-bd", archive),
    // It prints warnings, such as of bytes after the end, to standard output, with exit code 0.
    accepts: (outcome) => isClean(outcome) && !/^WARNINGS:$/m.test(outcome.stdout),
  }),
  // Without an end record, bsdtar reads files front to back too, and does not report it.
  programReader({
    name: "bsdtar",
    extract: (archive, folder) => bsdtar("-xf", archive, "-C", folder),
    test: (archive) => ({ ...bsdtar("-xOf", archive), discard: true }),
  }),
  programReader({
    name: "bsdtar (pipe)",
    streaming: true,
    extract: (archive, folder) => ({ ...bsdtar("-xf", "-", "-C", folder), stdin: archive }),
    test: (archive) => ({ ...bsdtar("-xOf", "-"), stdin: archive, discard: true }),
  }),
  digestingReader({
    name: "python zipfile",
    needs: ["python3"],
    extract: async (archive, folder) => python("extract", archive, folder),
    digest: async (archive) => python("digest", archive),
  }),
  digestingReader({
    name: "java ZipFile",
    needs: ["java", "javac"],
    extract: (archive, folder) => java("file-extract", archive, folder),
    digest: (archive) => java("file-digest", archive),
  }),
  digestingReader({
    name: "java ZipInputStream",
    needs: ["java", "javac"],
    streaming: true,
    extract: async (archive, folder) => ({
      ...(await java("stream-extract", folder)),
      stdin: archive,
    }),
    digest: async (archive) => ({ ...(await java("stream-digest")), stdin: archive }),
  }),
];

function unzip(...args: string[]): Command {
  return { program: "unzip", args };
}

function sevenZip(...args: string[]): Command {
  return { program: "7z", args };
}

function bsdtar(...args: string[]): Command {
  return { program: "bsdtar", args };
}

function python(...args: string[]): Command {
  // -I: neither the environment nor a module in the working folder can replace zipfile.
  return { program: "python3", args: ["-I", pythonScript, ...args] };
}

async function java(...args: string[]): Promise<Command> {
  compiled ??= compileJava();
  return { program: "java", args: [...javaFlags, "-cp", await compiled, "ReadZip", ...args] };
}

let compiled: Promise<string> | undefined;

/**
 * Compiles the Java reader, unless an earlier run has compiled this source. Not into a temporary
 * folder: vitest ends its workers by a signal, so nothing would remove it.
 */
async function compileJava(): Promise<string> {
  const hash = createHash("sha256").update(await readFile(javaSource));
  const folder = join(cacheFolder, hash.digest("hex").slice(0, 16));
  if (existsSync(folder)) return folder;
  await mkdir(cacheFolder, { recursive: true });
  const fresh = await mkdtemp(join(cacheFolder, "compiling-"));
  try {
    const args = ["--release", "17", "-encoding", "UTF-8", "-d", fresh, javaSource];
    await runTool({ program: "javac", args });
    // Completely or not at all; of several workers, the first wins.
    await rename(fresh, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return folder;
}

/** Creates a reader that can only judge an archive as a whole. */
function programReader(reader: {
  name: string;
  streaming?: boolean;
  extract(archive: string, folder: string): Command;
  test(archive: string): Command;
  accepts?(outcome: Outcome): boolean;
}): ZipReader {
  const { name, streaming = false } = reader;
  return {
    name,
    needs: [reader.test("").program],
    streaming,
    async extract(archive, folder, options) {
      await runTool(reader.extract(archive, folder), options, reader.accepts);
    },
    async test(archive, options) {
      await runTool(reader.test(archive), options, reader.accepts);
    },
  };
}

/** Creates a reader that prints a line of JSON for each entry that it decodes. */
function digestingReader(reader: {
  name: string;
  needs: readonly Tool[];
  streaming?: boolean;
  extract(archive: string, folder: string): Promise<Command>;
  digest(archive: string): Promise<Command>;
}): ZipReader {
  const { name, needs, streaming = false } = reader;
  return {
    name,
    needs,
    streaming,
    async extract(archive, folder, options) {
      await runTool(await reader.extract(archive, folder), options);
    },
    async test(archive, options) {
      await runTool(await reader.digest(archive), options);
    },
    async digest(archive, options) {
      const { stdout } = await runTool(await reader.digest(archive), options);
      const lines = stdout.split("\n").filter((line) => line !== "");
      return lines.map((line): DigestedEntry => JSON.parse(line));
    },
  };
}
