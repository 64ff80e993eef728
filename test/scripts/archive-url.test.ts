import { expect, test } from "vitest";
import { archiveUrlOf } from "../../scripts/get/archive-url.ts";

test.each([
  ["https://a.example/zip/h.p.s/x.zip", "https://a.example/zip/h.p.s/x.zip"],
  ["https://a.example/d/h.p-_.s", "https://a.example/zip/h.p-_.s"],
  ["http://a.example:8080/files/d/h.p.s#top", "http://a.example:8080/files/zip/h.p.s"],
  // Not a page of ours: a token has three parts, and nothing follows it.
  ["https://a.example/d/photos.zip", "https://a.example/d/photos.zip"],
  ["https://a.example/d/h.p.s/x.zip", "https://a.example/d/h.p.s/x.zip"],
  ["https://a.example/?u=/d/h.p.s", "https://a.example/?u=/d/h.p.s"],
  ["ftp://a.example/zip/h.p.s", undefined],
  ["h.p.s", undefined],
])("the archive of %s is %s", (link, archive) => {
  expect(archiveUrlOf(link)).toBe(archive);
});
