/** The file that a download is written to, from the archive's first byte on. */
export interface DownloadFile {
  /** Returns how many bytes are stored permanently, even if the page is closed. */
  size(): Promise<number>;
  /** Appends `chunks`. Must not be called before the previous `append` has resolved. */
  append(chunks: readonly Uint8Array<ArrayBuffer>[]): Promise<void>;
  /** Makes the appended bytes permanent, and releases the file until the next `append`. */
  settle(): Promise<void>;
  /** Like `settle`, as far as that is possible while the page is being closed. */
  leave(): void;
  /** Returns the settled file. */
  file(): Promise<File>;
  /** Removes the stored bytes. */
  discard(): Promise<void>;
}
