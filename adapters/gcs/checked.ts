/**
 * `index.ts` as Node imports it: without `@google-cloud/storage` the error says what to install. Bundlers take
 * `index.ts` itself, as they resolve the package when they build.
 */
import { withOptionalPackages } from "../optional-packages.ts";

export const { createGcsBucket, createGcsObjectStore, createGcsSource } =
  await withOptionalPackages(() => import("./index.ts"));
