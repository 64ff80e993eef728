/** `@ziplink/ziplink/http`: objects of a web server. */
export { createHttpSource, type HttpSourceOptions } from "./source.ts";
export { createUrlHosts, type UrlHosts, type UrlHostsOptions } from "./url-hosts.ts";
export { createUrlSource, type UrlSourceOptions } from "./url-source.ts";
