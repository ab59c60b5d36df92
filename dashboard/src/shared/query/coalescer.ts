type Schedule = (run: () => void, milliseconds: number) => void;

/**
 * Gathers items and hands them on together: shortly after the first, and then at most once per `interval`.
 * A thousand events a second become one refetch a second, and a single event is shown almost at once.
 */
export class Coalescer<T> {
  private pending = new Set<T>();
  private scheduled = false;
  private lastFlush = -Infinity;

  constructor(
    private readonly flush: (items: Set<T>) => void,
    private readonly delay = 60,
    private readonly interval = 800,
    private readonly schedule: Schedule = (run, milliseconds) => void setTimeout(run, milliseconds),
    private readonly now: () => number = () => performance.now(),
  ) {}

  add(items: Iterable<T>): void {
    for (const item of items) this.pending.add(item);
    if (this.scheduled || this.pending.size === 0) return;
    this.scheduled = true;
    this.schedule(() => this.fire(), Math.max(this.delay, this.lastFlush + this.interval - this.now()));
  }

  private fire(): void {
    const items = this.pending;
    this.pending = new Set();
    this.scheduled = false;
    this.lastFlush = this.now();
    this.flush(items);
  }
}
