import type { ServerResponse } from "node:http";
import { describeAnswers, type UnreadableAnswer } from "../contract/answers.ts";
import { startGcsStore, startHttpStore, startS3Store } from "../support/store-stubs.ts";

const described = {
  etag: '"1"',
  "content-length": 10,
  "last-modified": "Thu, 29 Feb 2024 12:34:57 GMT",
};

/** An answer to HEAD with these fields, and the usual ones unless they are replaced. */
const head = (fields: Readonly<Record<string, string>>) => (response: ServerResponse) =>
  void response.writeHead(200, { ...described, ...fields }).end();

const json = (text: string) => (response: ServerResponse) =>
  void response.setHeader("content-type", "application/json").end(text);

const withoutLength = (response: ServerResponse) =>
  void response
    .writeHead(200, {
      etag: '"1"',
      "last-modified": described["last-modified"],
      "transfer-encoding": "chunked",
    })
    .end();

const s3: readonly UnreadableAnswer[] = [
  ["a time in ISO 8601", head({ "last-modified": "2026-05-27T02:18:59+00:00" })],
  ["a time in UTC, not GMT", head({ "last-modified": "Wed, 27 May 2026 02:18:59 UTC" })],
  [
    "a lock until a date of HTTP's",
    head({ "x-amz-object-lock-retain-until-date": "Wed, 27 May 2026 02:18:59 GMT" }),
  ],
  ["a lock until an empty date", head({ "x-amz-object-lock-retain-until-date": "" })],
  ["an empty ETag", head({ etag: "" })],
  ["no length", withoutLength],
];

const gcs: readonly UnreadableAnswer[] = [
  ["a page for people", (response) => void response.end("<html><p>Log in")],
  ["nothing", json("")],
  ["JSON that ends early", json('{"name":"bad.txt"')],
  ["JSON's null", json("null")],
  ["a list", json("[]")],
  ["no fields", json("{}")],
  [
    "a size in words",
    json('{"name":"bad.txt","size":"ten","generation":"1","timeCreated":"2026-01-02T03:04:05Z"}'),
  ],
  [
    "a date that is none",
    json('{"name":"bad.txt","size":"10","generation":"1","timeCreated":"1"}'),
  ],
];

const http: readonly UnreadableAnswer[] = [
  ["no length", withoutLength],
  ["no version", (response) => void response.writeHead(200, { "content-length": 10 }).end()],
  [
    "a date that is none",
    (response) =>
      void response.writeHead(200, { "content-length": 10, "last-modified": "1" }).end(),
  ],
];

describeAnswers("s3", startS3Store, { unreadable: s3 });
describeAnswers("gcs", startGcsStore, { unreadable: gcs });
describeAnswers("http", startHttpStore, { unreadable: http, canList: false });
