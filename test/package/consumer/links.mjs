/** Mints a link, verifies it, and prints the packages that were loaded for that. */
import { registerHooks } from "node:module";

const packages = new Set();
registerHooks({
  load(url, context, next) {
    const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
    if (name !== undefined) packages.add(name);
    return next(url, context);
  },
});

const { secretKeys, signLink, verifyLink } = await import("@ziplink/ziplink/links");
const secret = "0123456789012345678901234567890123456789";
const zip = { entries: [{ key: "a/1.pdf", name: "Invoice.pdf" }] };
const token = await signLink(zip, { secret, expires: new Date(Date.now() + 60_000) });
const { spec } = await verifyLink(token, secretKeys(secret));
console.log(JSON.stringify({ spec, packages: [...packages].sort() }));
