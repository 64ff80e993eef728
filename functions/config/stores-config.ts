import * as z from "zod/mini";
import { urlSchema } from "./environment.ts";

const schema = z.object({
  S3_ENDPOINT: z.optional(urlSchema),
  S3_FORCE_PATH_STYLE: z._default(z.stringbool(), false),
  GCS_API_ENDPOINT: z.optional(urlSchema),
});

/** Settings of the object store clients. */
export const storesSettings = schema.shape;

/** How the object store clients reach their stores. */
export interface StoresConfig {
  /** For stores with an S3 API other than AWS. */
  readonly s3: { readonly endpoint?: string; readonly forcePathStyle: boolean };
  /** For a Cloud Storage emulator. */
  readonly gcs: { readonly apiEndpoint?: string };
}

/** Converts parsed settings into client options. */
export function toStoresConfig(data: z.infer<typeof schema>): StoresConfig {
  return {
    s3: {
      ...(data.S3_ENDPOINT === undefined ? {} : { endpoint: data.S3_ENDPOINT }),
      forcePathStyle: data.S3_FORCE_PATH_STYLE,
    },
    gcs: data.GCS_API_ENDPOINT === undefined ? {} : { apiEndpoint: data.GCS_API_ENDPOINT },
  };
}
