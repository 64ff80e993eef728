import * as z from "zod/mini";
import { urlSchema } from "./environment.ts";

const schema = z.object({
  S3_ENDPOINT: z.optional(urlSchema),
  S3_FORCE_PATH_STYLE: z._default(z.stringbool(), false),
  GCS_API_ENDPOINT: z.optional(urlSchema),
});

/** The settings of the clients of object stores. */
export const storesSettings = schema.shape;

/** How the clients of object stores reach them. */
export interface StoresConfig {
  /** For stores other than AWS's own. */
  readonly s3: { readonly endpoint?: string; readonly forcePathStyle: boolean };
  /** For a server that stands in for Cloud Storage. */
  readonly gcs: { readonly apiEndpoint?: string };
}

/** The clients' options from these settings. */
export function toStoresConfig(data: z.infer<typeof schema>): StoresConfig {
  return {
    s3: {
      ...(data.S3_ENDPOINT === undefined ? {} : { endpoint: data.S3_ENDPOINT }),
      forcePathStyle: data.S3_FORCE_PATH_STYLE,
    },
    gcs: data.GCS_API_ENDPOINT === undefined ? {} : { apiEndpoint: data.GCS_API_ENDPOINT },
  };
}
