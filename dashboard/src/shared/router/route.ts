/** The pages. The part after `#` is the page's name and its query, so the server needs to know only `/`. */
export const PAGES = ["overview", "files", "duplicates", "jobs", "account", "admin"] as const;
export type PageName = typeof PAGES[number];

export interface Route {
  page: PageName | "notFound";
  query: Record<string, string>;
}

/** `#/files?state=trashed` → the route. An empty hash is the overview. */
export function parseRoute(hash: string): Route {
  const [path = "", search = ""] = hash.replace(/^#?\/?/, "").split(/\?(.*)/s);
  const name = path.replace(/\/$/, "") || "overview";
  const page = (PAGES as readonly string[]).includes(name) ? (name as PageName) : "notFound";
  return { page, query: Object.fromEntries(new URLSearchParams(search)) };
}

/** The inverse of `parseRoute`; members that are undefined or empty are left out. */
export function formatRoute(page: PageName, query: Record<string, string | undefined> = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) parameters.set(name, value);
  const search = parameters.toString();
  return `#/${page === "overview" ? "" : page}${search ? `?${search}` : ""}`;
}
