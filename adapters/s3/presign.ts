import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { toFolder } from "../../core/source/key-prefix.ts";

/** Options of `presignS3Get`. */
export interface PresignOptions {
  /** The object's key, relative to the place's prefix. */
  readonly key: string;
  /** How long it works, in seconds; at most 7 days. */
  readonly expiresIn: number;
  /** Value of the response's `Content-Disposition`. */
  readonly contentDisposition: string;
}

/**
 * Returns a URL by which anybody can GET an object.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ShareObjectPreSignedURL.html
 */
export function presignS3Get(
  client: S3Client,
  place: { readonly bucket: string; readonly prefix: string },
  { key, expiresIn, contentDisposition }: PresignOptions,
): Promise<string> {
  const command = new GetObjectCommand({
    Bucket: place.bucket,
    Key: toFolder(place.prefix) + key,
    ResponseContentDisposition: contentDisposition,
  });
  return getSignedUrl(client, command, { expiresIn });
}
