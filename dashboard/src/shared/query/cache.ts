import { ApiError, asApiError } from "shared/api/problem";
import { Store } from "shared/store";
import { Coalescer } from "./coalescer";

/** A question to the server: its key is the request's path and query, so equal questions share one answer. */
export interface Query<T> {
  key: string;
  fetch: () => Promise<T>;
}

/** What is known of an answer. Old data stays while it is fetched again, and beside an error. */
export interface Answer<T> {
  data?: T;
  error?: ApiError;
  fetching: boolean;
}

interface Entry {
  query: Query<unknown>;
  answer: Store<Answer<unknown>>;
  readers: number;
  /** Asked for again while a fetch was under way: that fetch may have read the state before the change. */
  outdated: boolean;
  failures: number;
  loadedAt: number;
}

/** An answer that nobody looked at for this long is asked again when it is shown again. */
const FRESH_MS = 5_000;

const RETRIES = 3;

/** The answers on screen. `invalidate` fetches again what is being looked at and forgets the rest. */
export class QueryCache {
  private readonly entries = new Map<string, Entry>();
  private readonly changes = new Coalescer<string>((prefixes) => this.refetch(prefixes));

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** The watched answer to `query`; the fetch starts with the first reader. */
  answer<T>(query: Query<T>): Store<Answer<T>> {
    let entry = this.entries.get(query.key);
    if (!entry) {
      const answer = new Store<Answer<unknown>>({ fetching: true });
      entry = { query, answer, readers: 0, outdated: false, failures: 0, loadedAt: 0 };
      this.entries.set(query.key, entry);
      void this.load(entry);
    }
    return entry.answer as Store<Answer<T>>;
  }

  /** Counts a reader until the returned function is called. */
  retain(key: string): () => void {
    const entry = this.entries.get(key);
    if (entry) {
      const isStale = entry.readers === 0 && !entry.answer.get().fetching && this.now() - entry.loadedAt > FRESH_MS;
      entry.readers += 1;
      if (isStale) void this.load(entry);
    }
    return () => {
      if (entry) entry.readers -= 1;
    };
  }

  /** Everything under these paths may have changed: `/files` covers `/files?state=live` and `/files/7`. Coalesced. */
  invalidate(prefixes: Iterable<string>): void {
    this.changes.add(prefixes);
  }

  /** Fetches one answer again now, after an error. */
  retry(key: string): void {
    const entry = this.entries.get(key);
    if (entry) void this.load(entry);
  }

  /** Forgets everything, when the person changes. */
  clear(): void {
    this.entries.clear();
  }

  private refetch(prefixes: Set<string>): void {
    for (const [key, entry] of this.entries) {
      if (![...prefixes].some((prefix) => isUnder(key, prefix))) continue;
      if (entry.answer.get().fetching) entry.outdated = true;
      else if (entry.readers === 0) this.entries.delete(key);
      else void this.load(entry);
    }
  }

  private async load(entry: Entry): Promise<void> {
    entry.outdated = false;
    entry.answer.set({ ...entry.answer.get(), fetching: true });
    try {
      const data = await entry.query.fetch();
      entry.failures = 0;
      entry.loadedAt = this.now();
      entry.answer.set({ data, fetching: false });
    } catch (thrown) {
      const error = asApiError(thrown);
      entry.failures += 1;
      entry.answer.set({ ...entry.answer.get(), error, fetching: false });
      if (error.isTransient && entry.failures <= RETRIES) this.retryLater(entry, error);
    }
    if (entry.outdated && this.entries.get(entry.query.key) === entry) void this.load(entry);
  }

  private retryLater(entry: Entry, error: ApiError): void {
    const seconds = error.retryAfter ?? 2 ** entry.failures;
    setTimeout(() => {
      if (entry.readers > 0 && !entry.answer.get().fetching) void this.load(entry);
    }, seconds * 1000);
  }
}

/** Whether a key is the path itself, a question under it, or a resource below it. */
export function isUnder(key: string, prefix: string): boolean {
  if (!key.startsWith(prefix)) return false;
  const rest = key.slice(prefix.length);
  return prefix === "/" || rest === "" || rest.startsWith("?") || rest.startsWith("/");
}

export const cache = new QueryCache();
