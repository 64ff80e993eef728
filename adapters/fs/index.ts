/** `@ziplink/ziplink/fs`: files of a folder. */

export { createFsDestination, type FsDestinationOptions } from "./destination.ts";
export { createFsObjectStore, type FsObjectStoreOptions } from "./object-store.ts";
export { createFsSource, type FsSourceOptions } from "./source.ts";
export { createFsStateStore, type FsStateStoreOptions } from "./state-store.ts";
