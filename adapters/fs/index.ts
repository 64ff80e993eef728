/** `@ziplink/ziplink/fs`: files of a folder. */
export { createFsObjectStore, type FsObjectStoreOptions } from "./object-store.ts";
export { createFsSource, type FsSourceOptions } from "./source.ts";
