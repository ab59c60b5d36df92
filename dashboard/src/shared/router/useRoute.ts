import { useEffect, useMemo, useState } from "react";
import { formatRoute, type PageName, parseRoute, type Route } from "./route";

/** The current route; the component renders again when the hash changes. */
export function useRoute(): Route {
  const [hash, setHash] = useState(window.location.hash);
  useEffect(() => {
    const follow = () => setHash(window.location.hash);
    window.addEventListener("hashchange", follow);
    return () => window.removeEventListener("hashchange", follow);
  }, []);
  return useMemo(() => parseRoute(hash), [hash]);
}

/** Changes the current page's query without a new entry in the history: typing a filter should not fill Back. */
export function replaceQuery(page: PageName, query: Record<string, string | undefined>): void {
  window.history.replaceState(null, "", formatRoute(page, query));
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}
