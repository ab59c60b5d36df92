import { useEffect, useState } from "react";
import { uploader } from "features/uploads/uploader";
import { type ApiError, asApiError } from "shared/api/problem";
import { session } from "shared/api/session";
import { cache } from "shared/query/cache";
import { useStore } from "shared/store";
import { ErrorNotice, Loading } from "shared/ui/Notice";
import { ErrorBoundary } from "./ErrorBoundary";
import { SignInRoute } from "./routes/SignInRoute";
import { Shell } from "./Shell";

/** Decides between the sign-in page and everything else, after asking whether the refresh cookie still counts. */
export function App() {
  const state = useStore(session.state);
  const [error, setError] = useState<ApiError>();

  function resume(): void {
    setError(undefined);
    // A 401 is an answer, "nobody is signed in", which the session's state tells; anything else is trouble.
    session.accessToken().catch((thrown) => asApiError(thrown).status !== 401 && setError(asApiError(thrown)));
  }
  useEffect(resume, []);

  // What one person saw and sent is not the next one's.
  useEffect(() => {
    if (state !== "signedOut") return;
    cache.clear();
    uploader.reset();
  }, [state]);

  if (state === "signedIn") {
    return (
      <ErrorBoundary>
        <Shell />
      </ErrorBoundary>
    );
  }
  if (state === "signedOut") return <SignInRoute />;
  return (
    <main className="centre">{error ? <ErrorNotice error={error} onRetry={resume} /> : <Loading label="Opening Onefold" />}</main>
  );
}
