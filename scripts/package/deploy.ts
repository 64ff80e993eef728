/** `@ziplink/ziplink/deploy`: the type of `deploy.config.ts`, for `ziplink deploy`. */
export type { DeployInput } from "../deploy/config.ts";
