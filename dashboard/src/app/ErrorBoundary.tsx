import { Component, type ReactNode } from "react";
import { type ApiError, asApiError } from "shared/api/problem";
import { ErrorNotice } from "shared/ui/Notice";

/** A view that breaks shows what broke, and a way back, instead of an empty page. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error?: ApiError }> {
  override state: { error?: ApiError } = {};

  static getDerivedStateFromError(thrown: unknown) {
    return { error: asApiError(thrown) };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <main className="centre">
        <ErrorNotice error={error} onRetry={() => window.location.reload()} />
      </main>
    );
  }
}
