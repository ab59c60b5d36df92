import type { Pages } from "shared/query/usePages";
import { Button } from "./Button";

/** Moves through a list; absent while everything fits on one page. */
export function Pager({ pages, next, label }: { pages: Pages; next: string | null; label: string }) {
  if (pages.number === 1 && !next) return null;
  return (
    <nav className="pager" aria-label={label}>
      <Button disabled={pages.number === 1} onClick={pages.previous}>
        Previous
      </Button>
      <span className="muted num" aria-live="polite">
        Page {pages.number}
      </span>
      <Button disabled={!next} onClick={() => next && pages.next(next)}>
        Next
      </Button>
    </nav>
  );
}
