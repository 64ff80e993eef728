import type { DownloadFile } from "./download-file.ts";

/** The code of `opfs-writer.ts`, inserted when the page is built. */
declare const OPFS_WRITER: string;

const FOLDER = "ziplink";

/** Whether this browser has storage for a page's files; in a private window it may not. */
export async function hasOpfs(): Promise<boolean> {
  try {
    await navigator.storage.getDirectory();
    return true;
  } catch {
    // The API may be missing or refused; either way there is no such storage.
    return false;
  }
}

/**
 * Opens a file in the browser's own storage (origin private file system), to be saved once it is complete. A worker
 * writes to it, because only there can all browsers write in place: each byte is permanent once it is written.
 */
export async function opfsFile(name: string): Promise<DownloadFile> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(FOLDER, { create: true });
  const handle = await folder.getFileHandle(name, { create: true });
  let writer: Writer | undefined;

  async function settle(): Promise<void> {
    const closing = writer;
    writer = undefined;
    await closing?.close();
  }

  return {
    settle,
    async size() {
      return (await handle.getFile()).size;
    },
    async append(chunks) {
      writer ??= await openWriter(name);
      await writer.append(chunks);
    },
    leave() {
      writer?.terminate();
      writer = undefined;
    },
    file: () => handle.getFile(),
    async discard() {
      await settle();
      await folder.removeEntry(name);
    },
  };
}

/** Removes the file of an unfinished download, if it still exists. */
export async function removeOpfsFile(name: string): Promise<void> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(FOLDER, { create: true });
  for await (const entry of folder.keys()) {
    if (entry === name) await folder.removeEntry(name);
  }
}

interface Writer {
  append(chunks: readonly Uint8Array<ArrayBuffer>[]): Promise<void>;
  close(): Promise<void>;
  terminate(): void;
}

async function openWriter(name: string): Promise<Writer> {
  const url = URL.createObjectURL(new Blob([OPFS_WRITER], { type: "text/javascript" }));
  const worker = new Worker(url);
  /** Sends a message, and waits until the worker has handled it. */
  const ask = (message: unknown, transfer: Transferable[] = []) =>
    new Promise<void>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<{ error?: DOMException }>) =>
        data.error ? reject(data.error) : resolve();
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage(message, transfer);
    });
  // A worker that is left running keeps the file locked for as long as the page is open.
  try {
    // By name, because not all browsers can pass a file handle to a worker.
    await ask({ open: { folder: FOLDER, name } });
  } catch (error) {
    worker.terminate();
    throw error;
  } finally {
    URL.revokeObjectURL(url);
  }
  return {
    append: (chunks) =>
      ask(
        { append: chunks },
        chunks.map(({ buffer }) => buffer),
      ),
    async close() {
      try {
        await ask({ close: true });
      } finally {
        worker.terminate();
      }
    },
    terminate: () => worker.terminate(),
  };
}
