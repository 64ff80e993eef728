const UNITS = ["bytes", "KB", "MB", "GB", "TB", "PB"] as const;

/** Formats a count for people: "10,000". */
export function formatCount(n: number): string {
  return n.toLocaleString("en");
}

/** Formats a length in decimal units, as file managers and clouds do: "1.5 GB", "512 bytes". */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.95 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  if (bytes === 1) return "1 byte";
  return unit === 0 ? `${formatCount(bytes)} bytes` : `${value.toFixed(1)} ${UNITS[unit]}`;
}
