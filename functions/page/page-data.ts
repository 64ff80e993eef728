import type { Texts } from "./texts/en.ts";

/** Data that the server passes to the script. */
export interface PageData {
  /** URL of the archive, relative to the page. */
  readonly url: string;
  readonly filename: string;
  /** Length in bytes; `null` if it is not known before the archive is sent, in which case there are no ranges. */
  readonly length: number | null;
  /** Strong entity tag, including its quotes. */
  readonly etag: string;
  /** Longest range that one response can hold, in bytes; `null` if there is no limit. */
  readonly slice: number | null;
  /** Length of each entry in bytes, by index. Apart from the list: together they compress better. */
  readonly sizes: readonly number[];
  /** Texts of the script, in the page's language. */
  readonly texts: Texts["client"];
}
