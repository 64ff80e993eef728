/** A download that this browser has started, stored in IndexedDB. It holds no token: the page has that. */
export interface DownloadRecord {
  /** ETag of the archive that is downloaded: the whole one or that of a selection. */
  readonly etag: string;
  /** ETag of the whole archive, whose page can continue the download. */
  readonly archive: string;
  /** The selection, in the form of the parameter `only`; "" for the whole archive. */
  readonly only: string;
  readonly filename: string;
  /** Length in bytes. */
  readonly length: number;
  /** The file that the person has chosen; if absent, the file is in the browser's own storage. */
  readonly handle?: FileSystemFileHandle;
  /** When it was last started, continued or completed, in milliseconds since 1970. */
  readonly touched: number;
  /** Whether it is complete, and only waits for the browser to save it. */
  readonly done: boolean;
}

const STORE = "downloads";

/** Stores a record, replacing an earlier one with the same ETag. Rejects with IndexedDB's errors. */
export const putRecord = (record: DownloadRecord) =>
  request<IDBValidKey>("readwrite", (store) => store.put(record));

/** Removes the record with this ETag, if there is one. Rejects with IndexedDB's errors. */
export const removeRecord = (etag: string) =>
  request<undefined>("readwrite", (store) => store.delete(etag));

/** Returns all records of this origin. Rejects with IndexedDB's errors. */
export const allRecords = () =>
  request<DownloadRecord[]>("readonly", (store) => store.getAll() as IDBRequest<DownloadRecord[]>);

/** Makes one request in a transaction of its own; resolves once that has been committed. */
async function request<T>(
  mode: IDBTransactionMode,
  make: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const database = await openDatabase();
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const made = make(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(made.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("ziplink", 1);
    opening.onupgradeneeded = () =>
      opening.result.createObjectStore(STORE, { keyPath: "etag" satisfies keyof DownloadRecord });
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
}
