/**
 * `index.ts` as Node imports it: without `@aws-sdk/client-s3` the error says what to install. Bundlers take
 * `index.ts` itself, as they resolve the package when they build.
 */
import { withOptionalPackages } from "../optional-packages.ts";

export const { createS3Client, createS3ObjectStore, createS3Source } = await withOptionalPackages(
  () => import("./index.ts"),
);
