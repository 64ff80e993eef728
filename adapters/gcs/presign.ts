import { toFolder } from "../../core/source/key-prefix.ts";

/** The part of a `Bucket` of @google-cloud/storage that is used. */
export interface GcsSigningBucket {
  /** Returns the object of this name, without a request. */
  file(name: string): {
    /** Resolves to an array with the URL. */
    getSignedUrl(options: {
      readonly version: "v4";
      readonly action: "read";
      readonly expires: number;
      readonly responseDisposition: string;
    }): Promise<readonly [string, ...unknown[]]>;
  };
}

/**
 * Returns a URL by which anybody can GET an object. Needs a key, or the right to sign as the service
 * account (`iam.serviceAccounts.signBlob`).
 * https://docs.cloud.google.com/storage/docs/access-control/signed-urls
 */
export async function presignGcsGet(
  bucket: GcsSigningBucket,
  prefix: string,
  options: {
    readonly key: string;
    readonly expiresIn: number;
    readonly contentDisposition: string;
  },
): Promise<string> {
  const [url] = await bucket.file(toFolder(prefix) + options.key).getSignedUrl({
    version: "v4",
    action: "read",
    expires: Date.now() + options.expiresIn * 1000,
    responseDisposition: options.contentDisposition,
  });
  return url;
}
