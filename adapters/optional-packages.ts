/**
 * The packages that only some installations need, with their major version and their use. In the
 * npm package, they are optional peers, which npm does not install by itself.
 */
export const optionalPackages: Readonly<
  Record<string, { readonly major: number; readonly use: string }>
> = {
  "@aws-sdk/client-s3": { major: 3, use: "buckets of S3 (s3://)" },
  "@aws-sdk/s3-request-presigner": { major: 3, use: "redirects to delivered objects in S3" },
  "@aws-sdk/client-ssm": { major: 3, use: "secrets in AWS's Parameter Store" },
  "@google-cloud/storage": { major: 8, use: "buckets of Google Cloud Storage (gs://)" },
  "@google-cloud/functions-framework": { major: 5, use: "functions of Google Cloud" },
  "google-auth-library": { major: 11, use: "callers with Google ID tokens" },
};

/**
 * An optional package is needed, but not installed. The message names it, its use, and the command
 * that installs it.
 */
export class MissingPackageError extends Error {
  override readonly name = "MissingPackageError";
  /** The message alone: the place of the import does not help to install the package. */
  override readonly stack: string;

  constructor(name: string, major: number, use: string, cause: unknown) {
    const command = `npm install ${name}@${major}`;
    super(`The package ${name} is not installed. It is required for ${use}. Run: ${command}`, {
      cause,
    });
    this.stack = `${this.name}: ${this.message}`;
  }
}

/**
 * Returns the module that `load` imports. Rejects with `MissingPackageError` if an optional package
 * is missing, and with the import's own error otherwise.
 */
export async function withOptionalPackages<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw explain(error);
  }
}

function explain(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  // Node names the package only in its message:
  // https://nodejs.org/api/errors.html#err_module_not_found
  const [, name = ""] =
    /^Cannot find (?:package|module) '((?:@[^/']+\/)?[^/']+)/.exec(error.message) ?? [];
  const known = optionalPackages[name];
  return known ? new MissingPackageError(name, known.major, known.use, error) : error;
}
