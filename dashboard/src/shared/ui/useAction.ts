import { useRef, useState } from "react";
import { type ApiError, asApiError } from "shared/api/problem";

/** Runs a write once at a time; its error is kept to be shown where it was asked for. */
export function useAction<A extends unknown[]>(action: (...args: A) => Promise<void>) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const running = useRef(false);

  async function run(...args: A): Promise<void> {
    if (running.current) return;
    running.current = true;
    setBusy(true);
    setError(undefined);
    try {
      await action(...args);
    } catch (thrown) {
      setError(asApiError(thrown));
    } finally {
      running.current = false;
      setBusy(false);
    }
  }

  return { run, busy, error };
}
