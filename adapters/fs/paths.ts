import { sep } from "node:path";

/** Whether `path` is `folder` or lies in it. Both must be resolved. */
export function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
