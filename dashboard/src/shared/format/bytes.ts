const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];
const NO_BREAK = "\u00a0";

/** `41_700_000_000` → `41.7 GB`. Decimal units, one decimal at most, no break between number and unit. */
export function formatBytes(bytes: number): string {
  const sign = bytes < 0 ? "−" : "";
  let value = Math.abs(bytes);
  let unit = 0;
  // Rounded before it is compared, so that 999,960 bytes read "1 MB" and not "1000 kB".
  while (round(value, unit) >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${sign}${round(value, unit).toLocaleString("en")}${NO_BREAK}${UNITS[unit]}`;
}

function round(value: number, unit: number): number {
  return unit === 0 ? Math.round(value) : Math.round(value * 10) / 10;
}

const MULTIPLES: Record<string, number> = { "": 1, b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12, pb: 1e15 };

/** `"1.5 GB"` → `1_500_000_000`; undefined when the text is not an amount of bytes. */
export function parseBytes(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text.replace(/,/g, ""));
  const multiple = match && MULTIPLES[match[2]!.toLowerCase()];
  if (!match || multiple === undefined || multiple === null) return undefined;
  const bytes = Math.round(Number(match[1]) * multiple);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
