/**
 * The packages that only some installations need, with their major version and what needs them. In the
 * npm package they are optional peers, which npm does not install by itself.
 */
export const optionalPackages: Readonly<
  Record<string, { readonly major: number; readonly use: string }>
> = {
  "@aws-sdk/client-s3": { major: 3, use: "buckets of S3 (s3://)" },
  "@aws-sdk/client-ssm": { major: 3, use: "secrets in AWS's Parameter Store" },
  "@google-cloud/storage": { major: 8, use: "buckets of Google Cloud Storage (gs://)" },
  "@google-cloud/functions-framework": { major: 5, use: "functions of Google Cloud" },
  "google-auth-library": { major: 11, use: "callers with ID tokens of Google's" },
};

/** An optional package is needed and not installed. The message says which, for what, and how to add it. */
export class MissingPackageError extends Error {
  override readonly name = "MissingPackageError";
  /** The message alone: where the package was imported from does not help to install it. */
  override readonly stack: string;

  constructor(name: string, major: number, use: string, cause: unknown) {
    const command = `npm install ${name}@${major}`;
    super(`The package ${name} is not installed; ${use} need it. Run: ${command}`, { cause });
    this.stack = `${this.name}: ${this.message}`;
  }
}

/**
 * The module that `load` imports. Rejects with `MissingPackageError` if that needs an optional package
 * that is not installed; with the import's own error otherwise.
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
  // Node names the package in its message alone: https://nodejs.org/api/errors.html#err_module_not_found
  const [, name = ""] =
    /^Cannot find (?:package|module) '((?:@[^/']+\/)?[^/']+)/.exec(error.message) ?? [];
  const known = optionalPackages[name];
  return known ? new MissingPackageError(name, known.major, known.use, error) : error;
}
