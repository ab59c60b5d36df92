import { useState } from "react";

/** The cursors of the pages seen so far; the server gives only the next one. */
export interface Pages {
  after: string | undefined;
  number: number;
  next: (cursor: string) => void;
  previous: () => void;
}

/** Paging that starts over whenever `filter` changes. */
export function usePages(filter: string): Pages {
  const [state, setState] = useState<{ filter: string; cursors: string[] }>({ filter, cursors: [] });
  const cursors = state.filter === filter ? state.cursors : [];
  return {
    after: cursors[cursors.length - 1],
    number: cursors.length + 1,
    next: (cursor) => setState({ filter, cursors: [...cursors, cursor] }),
    previous: () => setState({ filter, cursors: cursors.slice(0, -1) }),
  };
}
