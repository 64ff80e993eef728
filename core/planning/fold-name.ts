const ASCII = /^[ -~]*$/;

/**
 * Returns a form that is equal for all names that any common file system considers the same: case,
 * composition and invisible characters are ignored. Folds too much rather than too little.
 */
export function foldName(name: string): string {
  if (ASCII.test(name)) return name.toLowerCase();
  return name
    .normalize("NFD")
    .replace(/\p{Default_Ignorable_Code_Point}/gu, "")
    .toLowerCase() // first, because the capital sharp s is its own upper case
    .toUpperCase()
    .toLowerCase()
    .normalize("NFD");
}
