import type { DownloadFile } from "./download-file.ts";

/** The file is settled only after at least this many new bytes, which are lost if the page is killed. */
const UNSETTLED_BYTES = 64 * 1024 * 1024;

/**
 * Opens a file that the person has chosen (File System Access API). Bytes are written to a copy that replaces the file
 * when it is closed, so only closing makes them permanent, and continuing copies the file again. It is therefore
 * closed each time it has doubled: all copying together then stays below the length of the file.
 */
export function pickedFile(handle: FileSystemFileHandle): DownloadFile {
  let writable: FileSystemWritableFileStream | undefined;
  let settled = 0;
  let unsettled = 0;

  const size = async () => (await handle.getFile()).size;

  async function settle(): Promise<void> {
    const closing = writable;
    writable = undefined;
    unsettled = 0;
    await closing?.close();
  }

  return {
    size,
    settle,
    async append(chunks) {
      if (writable === undefined) {
        settled = await size();
        writable = await handle.createWritable({ keepExistingData: true });
        await writable.seek(settled);
      }
      const data = new Blob([...chunks]);
      await writable.write(data);
      unsettled += data.size;
      if (unsettled >= Math.max(UNSETTLED_BYTES, settled)) await settle();
    },
    leave() {
      // Chromium completes a requested close even if the page is gone by then.
      settle().catch(() => undefined);
    },
    file: () => handle.getFile(),
    async discard() {
      const aborting = writable;
      writable = undefined;
      await aborting?.abort();
      // Not standardized yet: in other browsers an empty file remains.
      if ("remove" in handle) await (handle as { remove(): Promise<void> }).remove();
      else await (await handle.createWritable()).close();
    },
  };
}
