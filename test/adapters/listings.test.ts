import { describe, expect, test } from "vitest";
import { describeListing } from "../contract/listing.ts";
import { codeOf } from "../support/error-codes.ts";
import { createOwnListing, startGcsListing, startS3Listing } from "../support/listing-stubs.ts";
import { keysOf } from "../support/source-contents.ts";

describeListing("s3", startS3Listing);
describeListing("gcs", startGcsListing);
describeListing("an application's source", createOwnListing);

const notListings: readonly (readonly [string, string])[] = [
  ["nothing", ""],
  ["a page for people", "<html><body><p>Log in</p></body></html>"],
  ["a page for people that is not closed", "<!DOCTYPE html><html><p>Log in"],
  ["plain text", "OK"],
  ["JSON's null", "null"],
  ["a list", "[]"],
  ["a text", '"OK"'],
  ["an error", '{"error":{"code":503,"message":"busy"}}'],
];

describe.each([
  ["s3", startS3Listing],
  ["gcs", startGcsListing],
] as const)("%s", (name, start) => {
  test.each(notListings)("takes %s for no listing", async (what, text) => {
    const stub = await start();
    stub.answer = () => ({ text });
    // The client of Cloud Storage takes an error in the body for one of this status.
    const isStatus = name === "gcs" && what === "an error";
    expect(await codeOf(keysOf(stub.source))).toBe(isStatus ? "unavailable" : "corrupt");
  });

  test.each(["b/secret", "a", "served", "servedd/a", "served/b"])(
    "refuses the unasked-for %s",
    async (key) => {
      const stub = await start("served");
      stub.answer = () => ({ objects: ["served/a/1", key] });
      expect(await codeOf(keysOf(stub.source, "a/"))).toBe("corrupt");
    },
  );
});

describe("s3", () => {
  test.each([
    [
      "another answer of S3",
      "<ListVersionsResult><Name>b</Name><IsTruncated>false</IsTruncated></ListVersionsResult>",
    ],
    [
      "the list of buckets",
      "<?xml version='1.0'?><ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>",
    ],
    ["an error", "<Error><Code>NoSuchBucket</Code></Error>"],
    [
      "a listing in a namespace's prefix",
      "<x:ListBucketResult xmlns:x='y'><x:Contents/></x:ListBucketResult>",
    ],
    ["comments alone", "<!-- a --><!-- b --> "],
    ["a comment without an end", "<!-- <ListBucketResult/>"],
  ])("takes %s for no listing", async (_, text) => {
    const stub = await startS3Listing();
    stub.answer = () => ({ text });
    expect(await codeOf(keysOf(stub.source))).toBe("corrupt");
  });

  test.each([
    ["in its root", "<ListBucketResult><IsTruncated>false</IsTruncated>"],
    ["in an object", "<ListBucketResult><Contents><Key>a</Key><Size>1"],
    ["in its last tag", "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketRes"],
  ])("takes a listing that ends early, %s, for broken off", async (_, text) => {
    const stub = await startS3Listing();
    stub.answer = () => ({ text });
    expect(await codeOf(keysOf(stub.source))).toBe("unavailable");
  });

  test.each([
    "<ListBucketResult/>",
    "<?xml?><!-- a --> <!DOCTYPE b>\n<ListBucketResult xmlns='c'></ListBucketResult>\n",
  ])("takes %j for an empty listing", async (text) => {
    const stub = await startS3Listing();
    stub.answer = () => ({ text });
    expect(await keysOf(stub.source)).toEqual([]);
  });

  test.each(["t", "", "0"])(
    "ends at a page that says it is the last, with the token %j",
    async (next) => {
      const stub = await startS3Listing();
      stub.answer = () => ({ objects: ["a"], next, isLast: true });
      expect(await keysOf(stub.source)).toEqual(["a"]);
      expect(stub.tokens).toHaveLength(1);
    },
  );

  test.each([{}, { next: "" }])(
    "refuses a page with others behind it, but with no token: %j",
    async (token) => {
      const stub = await startS3Listing();
      stub.answer = () => ({ objects: ["a"], isLast: false, ...token });
      expect(await codeOf(keysOf(stub.source))).toBe("corrupt");
      expect(stub.tokens).toHaveLength(1);
    },
  );

  test.each(["%zz", "%", "a%e9", "%ff%fe", "a%2"])(
    "refuses the key %j, which cannot be decoded",
    async (key) => {
      const stub = await startS3Listing();
      stub.answer = () => ({ objects: [key] });
      expect(await codeOf(keysOf(stub.source))).toBe("corrupt");
    },
  );
});
