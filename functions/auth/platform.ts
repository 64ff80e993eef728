import type { Auth } from "../../core/http/caller.ts";

/**
 * Accepts every request: for a service reachable only through the platform's own check (Cloud Run's
 * IAM, a Function URL of type AWS_IAM, a gateway). Every caller may request everything.
 */
export const platformAuth: Auth = async () => ({ id: "platform", prefixes: [""] });
