import { expect, test } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import { planArchive } from "../../../core/planning/plan-archive.ts";
import { storedName } from "../../../core/planning/stored-name.ts";

test.each([
  ["a.html", undefined, "a.html"],
  ["a.html", "", "a.html"],
  ["a.html", "identity", "a.html"],
  ["a.html", "aws-chunked", "a.html"],
  ["a.html", "aws-chunked,gzip", "a.html.gz"],
  ["a.html", "gzip", "a.html.gz"],
  ["a.html", " X-GZip ", "a.html.gz"],
  ["a.html", "gzip, identity", "a.html.gz"],
  ["a.html", "gzip,br", "a.html.gz.br"],
  ["a.html.br", "gzip,br", "a.html.br"],
  ["a.html.gz", "gzip,br", "a.html.gz.gz.br"],
  ["a.html", "deflate", "a.html.zz"],
  ["a.html", "compress", "a.html.Z"],
  ["a.tar.z", "compress", "a.tar.z"],
  ["a.svgz", "gzip", "a.svgz"],
  ["a.tar.GZ", "gzip", "a.tar.GZ"],
  ["a.gzip", "gzip", "a.gzip"],
  ["gz", "gzip", "gz.gz"],
  ["a.html", "utf-8", "a.html"],
  ["a.html", "none", "a.html"],
  ["a.html", "__proto__", "a.html"],
])("%s, stored as %j, is %s", (path, contentEncoding, expected) => {
  expect(storedName(path, contentEncoding)).toBe(expected);
});

test("an archive names objects after their codings, but no empty ones", async () => {
  const bytes = Buffer.from("x");
  const source = createMemorySource({
    "d/a.html": { bytes, contentEncoding: "gzip" },
    "d/b.html": { bytes: Buffer.alloc(0), contentEncoding: "gzip" },
    "d/c.html": { bytes },
  });
  const plan = await planArchive({ prefix: "d/" }, source);
  expect(plan.entries.map(({ name }) => name)).toEqual(["a.html.gz", "b.html", "c.html"]);
});
