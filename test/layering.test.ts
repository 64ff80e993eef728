import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

/** What each folder may import: itself, the folders it builds on, and packages. */
const rules: Readonly<Record<string, { folders: readonly string[]; packages: RegExp }>> = {
  core: {
    folders: ["core"],
    packages:
      /^(?:node:(?:crypto|stream|timers\/promises|zlib)|cockatiel|content-disposition|jose|lru-cache|p-limit|p-map|zip-stream|zod\/(?:mini|v4\/locales\/en\.js))$/,
  },
  adapters: {
    folders: ["core", "adapters"],
    packages: /^(?:node:[a-z/]+|p-map|undici|@aws-sdk\/client-s3|@google-cloud\/storage)$/,
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
    "functions/health.ts",
    "functions/node.ts",
  ]);
});

test.each(sourceFiles("examples"))("%s mounts what applications may import", (file) => {
  for (const specifier of imports(file).filter((path) => path.startsWith("../"))) {
    const target = join(file, "..", specifier);
    expect(target).toMatch(/^(?:(?:core|functions)\/index\.ts$|adapters\/[\w-]+\.ts$|examples\/)/);
  }
});
