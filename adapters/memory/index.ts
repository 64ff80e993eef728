/** `@ziplink/ziplink/memory`: objects in memory, for tests and demonstrations. */

export { createMemoryDestination, type MemoryDestinationOptions } from "./destination.ts";
export { createMemorySource, type MemoryObject, type MemorySource } from "./source.ts";
export { createMemoryStateStore } from "./state-store.ts";
