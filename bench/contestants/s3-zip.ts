import { createRequire } from "node:module";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Bucket } from "../input.ts";
import type { Contestant } from "./contestant.ts";

/** The types of s3-zip, which has none. */
interface S3Zip {
  setArchiverOptions(options: { readonly store: boolean }): S3Zip;
  archive(
    options: { readonly s3: Bucket["client"]; readonly bucket: string },
    folder: string,
    keys: readonly string[],
    names: readonly string[],
  ): Readable;
}

const s3Zip = createRequire(import.meta.url)("s3-zip") as S3Zip;

export const send: Contestant = async ({ bucket }, _request, response) => {
  if (!bucket) throw new Error("s3-zip can only read from a bucket");
  const { client: s3, keys } = bucket;
  // s3-zip modifies the lists that it is given, so it gets copies.
  const archive = s3Zip
    .setArchiverOptions({ store: true })
    .archive({ s3, bucket: bucket.bucket }, "", [...keys], [...keys]);
  await pipeline(archive, response);
};
