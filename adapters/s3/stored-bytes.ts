/** Where `acceptGzip` stands in a command's middleware: after the request was signed. */
export const afterSigning = { step: "deserialize", priority: "low", name: "acceptGzip" } as const;

/**
 * Middleware by which HEAD and GET ask for an object's bytes as they are stored. R2, Hitachi's and Google's S3
 * APIs unpack objects with `Content-Encoding: gzip` for clients that do not accept it. The
 * header field must not be signed, since Google's and Cloudflare's front ends change it.
 */
export function acceptGzip<Args extends { request: unknown }, Result>(
  next: (args: Args) => Promise<Result>,
): (args: Args) => Promise<Result> {
  return (args) => {
    const { headers } = args.request as { headers: Record<string, string> };
    headers["accept-encoding"] = "gzip";
    return next(args);
  };
}
