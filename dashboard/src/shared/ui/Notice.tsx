import type { ReactNode } from "react";
import type { ApiError } from "shared/api/problem";
import { Button } from "./Button";

/** What is shown where there is nothing yet, with what to do about it. */
export function EmptyNotice({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children && <p className="muted">{children}</p>}
    </div>
  );
}

/** An error in the server's own words, with the request's id for whoever looks into it. */
export function ErrorNotice({ error, onRetry }: { error: ApiError; onRetry?: () => void }) {
  const { title, detail } = error.problem;
  return (
    <div className="error" role="alert">
      <div>
        <p className="error-title">{title}</p>
        {detail && detail !== title && <p className="muted">{detail}</p>}
        {error.requestId && <p className="muted num">Request {error.requestId}</p>}
      </div>
      {onRetry && <Button onClick={onRetry}>Try again</Button>}
    </div>
  );
}

/** Grey lines in the place of what is being loaded, so that nothing jumps when it comes. */
export function Loading({ lines = 3, label = "Loading" }: { lines?: number; label?: string }) {
  return (
    <div className="loading" role="status">
      <span className="sr-only">{label}…</span>
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} className="skeleton" aria-hidden="true" />
      ))}
    </div>
  );
}
