/** `@ziplink/ziplink/memory`: objects in memory, for tests and demonstrations. */
export { createMemorySource, type MemoryObject, type MemorySource } from "./source.ts";
