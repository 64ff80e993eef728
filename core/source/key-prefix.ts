/** Returns `prefix` as a folder: "team" becomes "team/". Without the slash, the key "2/a" would be in "team2/". */
export function toFolder(prefix = ""): string {
  return prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
}
