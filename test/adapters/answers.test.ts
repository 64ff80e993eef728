import type { ServerResponse } from "node:http";
import { describeAnswers, type RefusedObject, type UnreadableAnswer } from "../contract/answers.ts";
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

const archived = [403, "InvalidObjectState"] as const;
const encrypted = [
  400,
  "InvalidRequest",
  "The object was stored using a form of Server Side Encryption.",
] as const;

const s3Refused: readonly RefusedObject[] = [
  {
    name: "in S3 Glacier",
    object: { storageClass: "GLACIER", refusal: archived },
    reason: "archived",
    isListed: true,
  },
  {
    name: "in S3 Glacier Deep Archive, and being restored",
    object: {
      storageClass: "DEEP_ARCHIVE",
      headers: { "x-amz-restore": 'ongoing-request="true"' },
      refusal: archived,
    },
    reason: "archived",
    isListed: true,
  },
  {
    name: "in an archive tier of S3 Intelligent-Tiering",
    object: {
      storageClass: "INTELLIGENT_TIERING",
      headers: { "x-amz-archive-status": "DEEP_ARCHIVE_ACCESS" },
      refusal: archived,
    },
    reason: "archived",
    isListed: false,
  },
  {
    name: "with a customer's key, which HEAD refuses with 400",
    object: { refusal: encrypted, refusesHead: true },
    reason: "customer_key",
    isListed: false,
  },
  {
    name: "with a customer's key, which HEAD states",
    object: {
      headers: { "x-amz-server-side-encryption-customer-algorithm": "AES256" },
      refusal: encrypted,
    },
    reason: "customer_key",
    isListed: false,
  },
];

const s3Readable = [
  [
    "restored from an archive",
    {
      storageClass: "GLACIER",
      headers: {
        "x-amz-restore": 'ongoing-request="false", expiry-date="Fri, 21 Dec 2040 00:00:00 GMT"',
      },
    },
  ],
  ["in S3 Glacier Instant Retrieval", { storageClass: "GLACIER_IR", refusal: undefined }],
  ["in a class of Ceph's that is called GLACIER", { storageClass: "GLACIER" }],
  ["in S3 Intelligent-Tiering", { storageClass: "INTELLIGENT_TIERING" }],
] as const;

const customerEncryption = { encryptionAlgorithm: "AES256", keySha256: "x" };

const gcsRefused: readonly RefusedObject[] = [
  {
    name: "with a customer-supplied key",
    object: { metadata: { customerEncryption }, refusal: [400, "resourceIsEncrypted"] },
    reason: "customer_key",
    isListed: true,
  },
];

describeAnswers("s3", () => startS3Store(), {
  unreadable: s3,
  refused: s3Refused,
  readable: s3Readable,
});
describeAnswers("gcs", () => startGcsStore(), {
  unreadable: gcs,
  refused: gcsRefused,
  readable: [["in the class ARCHIVE", { metadata: { storageClass: "ARCHIVE" } }]],
  listsCodings: true,
});
describeAnswers("http", startHttpStore, {
  unreadable: http,
  canList: false,
  describingRequests: 2,
});
