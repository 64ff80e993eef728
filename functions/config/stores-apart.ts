import { realpathSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { toFolder } from "../../core/source/key-prefix.ts";
import { needChange } from "./environment.ts";
import type { Location } from "./location.ts";

/**
 * Throws `ConfigError` if a store lies within the source: a link to the source's files could then serve
 * what the service keeps there for itself. Symbolic links of folders are resolved.
 *
 * @param stores by the names of their settings
 */
export function assertStoresApart(
  source: Location,
  stores: Readonly<Record<string, Location | undefined>>,
): void {
  const within = Object.entries(stores).filter(([, store]) => store && isWithin(store, source));
  if (within.length === 0) return;
  throw needChange(
    ...within.map(
      ([setting]) =>
        `${setting} must not lie within SOURCE, as links could serve what is kept there; use another folder or prefix`,
    ),
  );
}

function isWithin(store: Location, source: Location): boolean {
  if (store.kind === "folder" && source.kind === "folder") {
    const folder = resolved(source.path);
    const path = resolved(store.path);
    return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
  }
  if (store.kind === "http" || store.kind === "folder" || store.kind !== source.kind) return false;
  return (
    store.bucket === source.bucket && toFolder(store.prefix).startsWith(toFolder(source.prefix))
  );
}

/** Returns a path with its links resolved, as far as it exists: a store's folder is created when needed. */
function resolved(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(resolved(parent), basename(path));
  }
}
