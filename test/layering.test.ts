import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

/** What each folder may import: itself, the folders it builds on, and packages. */
const rules: Readonly<Record<string, { folders: readonly string[]; packages: RegExp }>> = {
  core: {
    folders: ["core"],
    packages:
      /^(?:node:(?:crypto|diagnostics_channel|stream|timers\/promises|zlib)|cockatiel|content-disposition|jose|lru-cache|p-limit|p-map|zip-stream|zod\/(?:mini|v4\/locales\/en\.js))$/,
  },
  adapters: {
    folders: ["core", "adapters"],
    packages:
      /^(?:node:[a-z/]+|p-map|undici|@aws-sdk\/(?:client-s3|s3-request-presigner)|@google-cloud\/storage)$/,
  },
  functions: { folders: ["core", "adapters", "functions"], packages: /./ },
};

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
}

/** The modules a file imports, of whatever form the import is. */
function imports(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1] ?? "");
}

describe.each(Object.entries(rules))("%s/", (folder, { folders, packages }) => {
  test.each(sourceFiles(folder))("%s imports inwards only", (file) => {
    for (const specifier of imports(file)) {
      if (specifier.startsWith(".")) {
        const target = join(file, "..", specifier).split("/")[0];
        expect(folders, `${file} imports ${specifier}`).toContain(target);
      } else {
        expect(specifier, `${file} imports ${specifier}`).toMatch(packages);
      }
    }
  });
});

/**
 * The rooms from the innermost out: each imports only itself and those before it, so there are no
 * circles. A new room has its place here.
 */
const rooms = [
  ...["blob-source.ts", "errors.ts", "bytes", "async", "input", "zip", "source", "crc"].map(inCore),
  ...["streaming", "deflate", "stream-zip.ts", "planning", "links", "delivery"].map(inCore),
  ...["http", "index.ts"].map(inCore),
  ...["agents.ts", "body-chunks.ts", "http-parser-errors.ts", "optional-packages.ts"].map(
    (name) => `adapters/${name}`,
  ),
  ...["fs", "gcs", "http", "memory", "s3"].map((name) => `adapters/${name}`),
  ...["auth", "observability", "protection", "page", "config", "api", "deliveries", "app"].map(
    inFunctions,
  ),
  ...["stores", "node", "aws", "gcp", "service.ts", "index.ts"].map(inFunctions),
  ...["aws.ts", "gcp.ts", "node.ts"].map(inFunctions),
];

function inCore(name: string): string {
  return `core/${name}`;
}

function inFunctions(name: string): string {
  return `functions/${name}`;
}

function roomOf(file: string): string {
  return file.split("/").slice(0, 2).join("/");
}

test.each(Object.keys(rules).flatMap(sourceFiles))("%s imports no room above its own", (file) => {
  const own = rooms.indexOf(roomOf(file));
  expect(own, `${roomOf(file)} is a room of the list`).toBeGreaterThanOrEqual(0);
  const inner = rooms.slice(0, own + 1);
  for (const specifier of imports(file).filter((path) => path.startsWith("."))) {
    expect(inner, `${file} imports ${specifier}`).toContain(roomOf(join(file, "..", specifier)));
  }
});

// No store knows another, so that each is loaded, and replaced, by itself.
test.each(sourceFiles("adapters"))("%s imports no other store's room", (file) => {
  for (const specifier of imports(file).filter((path) => path.startsWith("."))) {
    const room = roomOf(join(file, "..", specifier));
    if (room.startsWith("adapters/") && !room.endsWith(".ts")) expect(room).toBe(roomOf(file));
  }
});

test("the script of the page imports no package and nothing of Node", () => {
  const seen = new Set<string>();
  const outside: string[] = [];
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const specifier of imports(file)) {
      if (specifier.startsWith(".")) visit(join(file, "..", specifier));
      else outside.push(`${file} imports ${specifier}`);
    }
  };
  for (const entry of ["main.ts", "opfs-writer.ts"]) visit(`functions/page/client/${entry}`);
  expect(outside).toEqual([]);
  expect(seen).toContain("core/async/retry.ts");
});

test.each([
  ["core", 6],
  ["functions", 6],
])("%s/ has rooms, and few files beside them", (folder, most) => {
  const files = readdirSync(join(root, folder)).filter((name) => name.endsWith(".ts"));
  expect(files.length, files.join(", ")).toBeLessThanOrEqual(most);
});

test.each([...sourceFiles("core"), ...sourceFiles("adapters")])(
  "%s reads no environment",
  (file) => {
    expect(readFileSync(join(root, file), "utf8")).not.toMatch(/process\.env|globalThis\.process/);
  },
);

test("the entrypoints alone hand the environment over", () => {
  const readers = sourceFiles("functions").filter((file) =>
    readFileSync(join(root, file), "utf8").includes("process.env"),
  );
  expect(readers.sort()).toEqual([
    "functions/aws.ts",
    "functions/gcp.ts",
    "functions/node.ts",
    "functions/node/health.ts",
  ]);
});

test.each(sourceFiles("examples"))("%s mounts what applications may import", (file) => {
  for (const specifier of imports(file).filter((path) => path.startsWith("../"))) {
    const target = join(file, "..", specifier);
    expect(target).toMatch(
      /^(?:(?:core|core\/delivery|functions)\/index\.ts$|(?:core\/links|adapters\/\w+|functions\/(?:node|aws|gcp))\/index\.ts$|examples\/)/,
    );
  }
});

test("comments say things verb first: none begins with What or Who", () => {
  const opening = /^\s*(?:\/\/|\*|\/\*\*)\s+(?:What|Whoever|Who) .*$/gm;
  const files = ["core", "adapters", "functions", "scripts"].flatMap(sourceFiles);
  const found = files.flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(opening)].map(
      ([line]) => `${file}: ${line}`,
    ),
  );
  expect(found).toEqual([]);
});
