/**
 * Whether Cloud Storage allows names that begin with `name`.
 * https://docs.cloud.google.com/storage/docs/objects#naming
 */
export function isPossible(name: string): boolean {
  return name.isWellFormed() && Buffer.byteLength(name) <= 1024 && !/[\r\n]/.test(name);
}
