import * as z from "zod/mini";
import { urlSchema } from "./environment.ts";

const schema = z.object({
  S3_ENDPOINT: z.optional(urlSchema),
  S3_FORCE_PATH_STYLE: z._default(z.stringbool(), false),
  S3_DESCRIBE_LISTED: z._default(z.stringbool(), false),
  S3_REQUESTER_PAYS: z._default(z.stringbool(), false),
  S3_PART_CHECK: z.optional(z.enum(["crc32", "md5"])),
  S3_EQUAL_PARTS: z._default(z.stringbool(), false),
  S3_ENCRYPTION: z.optional(z.enum(["AES256", "aws:kms"])),
  S3_KMS_KEY_ID: z.optional(z.string().check(z.minLength(1))),
  GCS_API_ENDPOINT: z.optional(urlSchema),
  GCS_USER_PROJECT: z.optional(z.string().check(z.minLength(1))),
  GCS_KMS_KEY: z.optional(z.string().check(z.minLength(1))),
});

/** UNREADABLE_FILES: what becomes of an archive of a prefix with files that cannot be read. */
export const unreadableFilesSchema = z._default(z.enum(["fail", "report"]), "fail");

/** Settings of the object store clients. */
export const storesSettings = schema.shape;

/** How the object store clients reach their stores. */
export interface StoresConfig {
  /** For stores with an S3 API other than AWS. */
  readonly s3: {
    readonly endpoint?: string;
    readonly forcePathStyle: boolean;
    /** Whether each listed object is described by a request of its own; see `S3SourceOptions`. */
    readonly describesListed?: boolean;
    /** Whether the service pays for its requests; see `S3ClientOptions`. */
    readonly requesterPays?: boolean;
    /** The checksum of uploads; see `S3DestinationOptions`. */
    readonly partCheck: "crc32" | "md5";
    /** Whether all parts of an upload but the last must have one length. */
    readonly equalParts: boolean;
    /** How new objects are encrypted. Default: as the bucket does. */
    readonly encryption?: { readonly kind: "AES256" | "aws:kms"; readonly keyId?: string };
  };
  /** For a Cloud Storage emulator. */
  readonly gcs: {
    readonly apiEndpoint?: string;
    /** The project that pays for requests to a bucket with Requester Pays. */
    readonly userProject?: string;
    /** The Cloud KMS key of new objects. Default: the bucket's. */
    readonly kmsKeyName?: string;
  };
}

/** Converts parsed settings into client options. */
export function toStoresConfig(data: z.infer<typeof schema>): StoresConfig {
  return {
    s3: {
      ...(data.S3_ENDPOINT === undefined ? {} : { endpoint: data.S3_ENDPOINT }),
      forcePathStyle: data.S3_FORCE_PATH_STYLE,
      ...(data.S3_DESCRIBE_LISTED && { describesListed: true }),
      ...(data.S3_REQUESTER_PAYS && { requesterPays: true }),
      // Other stores may not know checksums; AWS does, where no endpoint is set.
      partCheck: data.S3_PART_CHECK ?? (data.S3_ENDPOINT === undefined ? "crc32" : "md5"),
      equalParts: data.S3_EQUAL_PARTS,
      ...(data.S3_ENCRYPTION && {
        encryption: {
          kind: data.S3_ENCRYPTION,
          ...(data.S3_KMS_KEY_ID && { keyId: data.S3_KMS_KEY_ID }),
        },
      }),
    },
    gcs: {
      ...(data.GCS_API_ENDPOINT === undefined ? {} : { apiEndpoint: data.GCS_API_ENDPOINT }),
      ...(data.GCS_USER_PROJECT === undefined ? {} : { userProject: data.GCS_USER_PROJECT }),
      ...(data.GCS_KMS_KEY === undefined ? {} : { kmsKeyName: data.GCS_KMS_KEY }),
    },
  };
}
