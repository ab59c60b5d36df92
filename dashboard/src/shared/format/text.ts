/** `84120` → `84,120`. */
export function formatNumber(value: number): string {
  return value.toLocaleString("en");
}

/** `plural(1, "copy", "copies")` → `1 copy`. */
export function plural(count: number, one: string, many: string = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`;
}

/** A share as whole percent; something is never 0 %, and short of everything never 100 %. */
export function formatPercent(part: number, whole: number): string {
  if (whole <= 0) return "0\u00a0%";
  const percent = (part / whole) * 100;
  if (percent > 0 && percent < 1) return "under 1\u00a0%";
  return `${percent >= 100 ? 100 : Math.min(99, Math.round(percent))}\u00a0%`;
}

/** `formatShare(0.914)` → `91 %`: of an estimate, so without decimals. */
export function formatShare(share: number): string {
  return `${Math.round(share * 100)}\u00a0%`;
}

const time = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** An RFC 3339 time in the reader's own zone and language. */
export function formatTime(rfc3339: string): string {
  const date = new Date(rfc3339);
  return Number.isNaN(date.getTime()) ? "" : time.format(date);
}

/** The folder and the name of a path: `["photos/2024/", "a.jpg"]`. */
export function splitPath(path: string): [folder: string, name: string] {
  const cut = path.lastIndexOf("/") + 1;
  return [path.slice(0, cut), path.slice(cut)];
}

/** Whether a file of this name may be shown small. */
export function isPicture(path: string): boolean {
  return /[^/]\.(jpe?g|png|gif|webp|tiff?)$/i.test(path);
}

/** The ending of a file's name in capitals, at most four letters; empty when it has none. */
export function extension(path: string): string {
  const match = /[^/]\.([a-z0-9]{1,4})$/i.exec(path);
  return match ? match[1]!.toUpperCase() : "";
}
