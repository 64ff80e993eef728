import type { Auth } from "../../core/http/caller.ts";

/**
 * No check of our own: for a service that nobody reaches but through the platform's (Cloud Run's IAM,
 * a Function URL of type AWS_IAM, a gateway). Who gets here may ask for everything.
 */
export const platformAuth: Auth = async () => ({ id: "platform", prefixes: [""] });
