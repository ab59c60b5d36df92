import { type MouseEvent, useEffect, useRef } from "react";
import { DropTarget } from "features/uploads/DropTarget";
import { SendingLink } from "features/uploads/SendingLink";
import { me } from "shared/api/account";
import { useQuery } from "shared/query/useQuery";
import { formatRoute } from "shared/router/route";
import { useRoute } from "shared/router/useRoute";
import { Toasts } from "shared/ui/Toasts";
import { LiveIndicator } from "./LiveIndicator";
import { Logo } from "./Logo";
import { Navigation } from "./Navigation";
import { routes } from "./routes";
import { useLiveUpdates } from "./useLiveUpdates";

/** What surrounds every page of a signed-in person. */
export function Shell() {
  useLiveUpdates();
  const route = useRoute();
  const isAdmin = useQuery(me).data?.role === "admin";
  const main = useRef<HTMLElement>(null);
  const { title, Component } = routes[route.page];

  const shownPage = useRef(route.page);
  useEffect(() => {
    document.title = `${title} · Onefold`;
    if (shownPage.current === route.page) return;
    shownPage.current = route.page;
    main.current?.focus(); // a new page is read from its start
    window.scrollTo(0, 0);
  }, [title, route.page]);

  function skip(event: MouseEvent) {
    event.preventDefault(); // the hash is the router's
    main.current?.focus();
  }

  return (
    <>
      <a className="skip" href="#main" onClick={skip}>
        Skip to content
      </a>
      <header className="top">
        <a href={formatRoute("overview")} className="home" aria-label="Onefold, overview">
          <Logo />
        </a>
        <Navigation current={route.page} isAdmin={isAdmin} />
        <div className="status">
          <SendingLink />
          <LiveIndicator />
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1} aria-label={title}>
        <h1 className="sr-only">{title}</h1>
        <Component query={route.query} />
      </main>
      <Toasts />
      <DropTarget />
    </>
  );
}
