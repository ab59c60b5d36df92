import type { ReactNode } from "react";
import type { Answer } from "shared/query/cache";
import { ErrorNotice, Loading } from "./Notice";

interface Props<T> {
  answer: Answer<T> & { retry: () => void };
  lines?: number;
  children: (data: T) => ReactNode;
}

/** The three states of every view: loading, failed (beside the last known data, if any), and there. */
export function Loaded<T>({ answer, lines, children }: Props<T>) {
  const { data, error, retry } = answer;
  if (data === undefined) return error ? <ErrorNotice error={error} onRetry={retry} /> : <Loading {...(lines && { lines })} />;
  return (
    <>
      {error && <ErrorNotice error={error} onRetry={retry} />}
      {children(data)}
    </>
  );
}
