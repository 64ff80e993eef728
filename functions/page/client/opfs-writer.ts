/** A worker that appends to a file in the origin private file system. It answers each message once it is handled. */

/** The part of `FileSystemSyncAccessHandle` that is used; only workers have it. */
interface SyncAccessHandle {
  getSize(): number;
  write(bytes: Uint8Array, options: { at: number }): number;
  flush(): void;
  close(): void;
}

interface SyncFileHandle {
  createSyncAccessHandle(): Promise<SyncAccessHandle>;
}

interface Message {
  readonly open?: { readonly folder: string; readonly name: string };
  readonly append?: readonly Uint8Array[];
  readonly close?: boolean;
}

let file: SyncAccessHandle | undefined;
let position = 0;

self.onmessage = async ({ data }: MessageEvent<Message>) => {
  try {
    if (data.open) {
      const root = await navigator.storage.getDirectory();
      const folder = await root.getDirectoryHandle(data.open.folder);
      const handle: unknown = await folder.getFileHandle(data.open.name);
      file = await (handle as SyncFileHandle).createSyncAccessHandle();
      position = file.getSize();
    }
    for (const bytes of data.append ?? []) {
      // A full disk may accept only part of the bytes, without an error.
      const written = file?.write(bytes, { at: position }) ?? 0;
      if (written !== bytes.length) throw new DOMException("", "QuotaExceededError");
      position += written;
    }
    if (data.close) {
      try {
        file?.flush();
      } finally {
        file?.close();
      }
    }
    self.postMessage({});
  } catch (error) {
    self.postMessage({ error });
  }
};
