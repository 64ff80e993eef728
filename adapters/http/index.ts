/** `@ziplink/ziplink/http`: objects of a web server. */
export { createHttpSource, type HttpSourceOptions } from "./source.ts";
