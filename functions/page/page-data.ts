/** What the server tells the script. */
export interface PageData {
  /** Where the archive is, relative to the page. */
  readonly url: string;
  readonly filename: string;
  /** Bytes; `null` where that is not known before it was sent, and ranges are not to be had. */
  readonly length: number | null;
  /** Strong entity tag, with its quotes. */
  readonly etag: string;
  /** The longest range that one response can hold, in bytes; `null` if there is no limit. */
  readonly slice: number | null;
}
