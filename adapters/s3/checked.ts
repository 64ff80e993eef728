/**
 * The entry point for Node: if `@aws-sdk/client-s3` is missing, the error says what to install.
 * Bundlers use `index.ts` itself, as they resolve the package at build time.
 */
import { withOptionalPackages } from "../optional-packages.ts";

export const {
  createS3Client,
  createS3Destination,
  createS3ObjectStore,
  createS3Source,
  createS3StateStore,
} = await withOptionalPackages(() => import("./index.ts"));
