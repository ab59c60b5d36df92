import { useEffect, useRef } from "react";
import { useStore } from "shared/store";
import { type Answer, cache, type Query } from "./cache";

/** The answer to `query`, kept current while the component is shown. */
export function useQuery<T>(query: Query<T>): Answer<T> & { retry: () => void } {
  const answer = useStore(cache.answer(query));
  useEffect(() => cache.retain(query.key), [query.key]);
  return { ...answer, retry: () => cache.retry(query.key) };
}

/** As `useQuery`, but shows the last answer while a changed question (the next page, a longer prefix) is asked. */
export function useListQuery<T>(query: Query<T>): Answer<T> & { retry: () => void } {
  const answer = useQuery(query);
  const last = useRef<T>();
  useEffect(() => {
    if (answer.data !== undefined) last.current = answer.data;
  }, [answer.data]);
  if (answer.data !== undefined || answer.error || last.current === undefined) return answer;
  return { ...answer, data: last.current };
}
