/**
 * The entry point for Node: if `@google-cloud/storage` is missing, the error says what to install.
 * Bundlers use `index.ts` itself, as they resolve the package at build time.
 */
import { withOptionalPackages } from "../optional-packages.ts";

export const {
  createGcsBucket,
  createGcsDestination,
  createGcsObjectStore,
  createGcsSource,
  createGcsStateStore,
} = await withOptionalPackages(() => import("./index.ts"));
