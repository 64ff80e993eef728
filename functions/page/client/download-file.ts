/** Where a download is kept while it grows, from the archive's first byte on. */
export interface DownloadFile {
  /** How many bytes are there to stay, whatever becomes of the page. */
  size(): Promise<number>;
  /** Adds `chunks` behind what is there. Not before the last `append` is done. */
  append(chunks: readonly Uint8Array<ArrayBuffer>[]): Promise<void>;
  /** Makes what was added stay, and lets go of the file until the next `append`. */
  settle(): Promise<void>;
  /** Like `settle`, as far as a page that is being left can. */
  leave(): void;
  /** The file as it is on the disk, settled. */
  file(): Promise<File>;
  /** Removes what is there. */
  discard(): Promise<void>;
}
