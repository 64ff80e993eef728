/** `prefix` as a folder: "team" is "team/", or else the key "2/a" would be in "team2/". */
export function toFolder(prefix = ""): string {
  return prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
}
