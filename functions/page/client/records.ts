/** A download that this browser has begun, kept in IndexedDB. It holds no token: the page has that. */
export interface DownloadRecord {
  /** The ETag of what is downloaded. */
  readonly etag: string;
  /** The ETag of the whole archive, whose page can go on with it. */
  readonly archive: string;
  /** The selection, as the parameter `only` has it; "" for the whole archive. */
  readonly only: string;
  readonly filename: string;
  /** Bytes. */
  readonly length: number;
  /** The file that the person has chosen; without one it is in the browser's own storage. */
  readonly handle?: FileSystemFileHandle;
  /** When it was last begun or continued, or came to its end. Milliseconds since 1970. */
  readonly touched: number;
  /** Whether it is complete, and only waits to be taken over by the browser. */
  readonly done: boolean;
}

const STORE = "downloads";

/** Keeps a record, in place of an earlier one of the same ETag. Rejects with IndexedDB's errors. */
export const putRecord = (record: DownloadRecord) =>
  request<IDBValidKey>("readwrite", (store) => store.put(record));

/** Forgets the record of this ETag, if there is one. Rejects with IndexedDB's errors. */
export const removeRecord = (etag: string) =>
  request<undefined>("readwrite", (store) => store.delete(etag));

/** Every record of this origin. Rejects with IndexedDB's errors. */
export const allRecords = () =>
  request<DownloadRecord[]>("readonly", (store) => store.getAll() as IDBRequest<DownloadRecord[]>);

/** One transaction of one request; resolves once it has been written. */
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
