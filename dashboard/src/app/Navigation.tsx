import { formatRoute, type PageName, PAGES } from "shared/router/route";
import { Icon } from "shared/ui/Icon";
import { routes } from "./routes";

/** In the header on wide screens; a bar at the bottom, in reach of the thumb, on narrow ones. */
export function Navigation({ current, isAdmin }: { current: string; isAdmin: boolean }) {
  const pages: PageName[] = PAGES.filter((page) => page !== "admin" || isAdmin);
  return (
    <nav className="nav" aria-label="Pages">
      {pages.map((page) => (
        <a key={page} href={formatRoute(page)} aria-current={page === current ? "page" : undefined}>
          <Icon name={page} />
          <span>{routes[page].title}</span>
        </a>
      ))}
    </nav>
  );
}
