import type { DownloadFile } from "./download-file.ts";

/** The text of `opfs-writer.ts`, put in when the page is built. */
declare const OPFS_WRITER: string;

const FOLDER = "ziplink";

/** Whether this browser has files of its own for pages; in a private window it may not. */
export async function hasOpfs(): Promise<boolean> {
  try {
    await navigator.storage.getDirectory();
    return true;
  } catch {
    // It may lack the interface, or refuse it: both mean that there is no such place.
    return false;
  }
}

/**
 * A file in the browser's own storage (origin private file system), to be handed over when it is complete. A worker
 * writes to it, as only there all browsers can write in place: each byte stays as it is written.
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

/** Removes the file of an unfinished download, if it is still there. */
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
  /** Sends a message, and waits for the worker to have done it. */
  const ask = (message: unknown, transfer: Transferable[] = []) =>
    new Promise<void>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<{ error?: DOMException }>) =>
        data.error ? reject(data.error) : resolve();
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage(message, transfer);
    });
  // A worker that is left running keeps the file to itself, for as long as the page is open.
  try {
    // By its name, as not all browsers hand a file's handle to a worker.
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
