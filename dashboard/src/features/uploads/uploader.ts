import { asApiError } from "shared/api/problem";
import type { LiveEvent } from "shared/live/message";
import { randomUUID } from "shared/random";
import { Store } from "shared/store";
import type { FileWithPath } from "./entries";
import { putFile } from "./put";
import { type Upload, UploadQueue, type UploadTotals } from "./queue";
import { RateMeter } from "./rate";

/** How many rows of a long queue are worth showing. */
const SHOWN = 6;
const REFRESH_MS = 150;

export interface UploadsView {
  totals: UploadTotals;
  isIdle: boolean;
  bytesPerSecond: number | undefined;
  secondsLeft: number | undefined;
  /** What is being sent, then what was sent last. */
  rows: Readonly<Upload<File>>[];
  failures: Readonly<Upload<File>>[];
}

/** Sends what is in the queue, for as long as the page is open, whichever view is shown. */
class Uploader {
  readonly view: Store<UploadsView>;
  private queue = new UploadQueue<File>();
  /** What is added while something is still being sent belongs to the same batch. */
  private batch = randomUUID();
  private readonly rate = new RateMeter();
  private readonly aborts = new Map<number, AbortController>();
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private refreshTimer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.view = new Store(this.look());
  }

  add(files: Iterable<FileWithPath>): void {
    if (this.queue.isIdle) {
      this.rate.reset();
      this.batch = randomUUID();
    }
    for (const { file, path } of files) this.queue.add(file, path, file.size);
    this.pump();
  }

  retry(id: number): void {
    const item = this.queue.items.find((candidate) => candidate.id === id);
    if (item) this.queue.retry(item);
    this.pump();
  }

  retryFailed(): void {
    this.queue.retryFailed();
    this.pump();
  }

  cancel(): void {
    for (const item of this.queue.cancelRemaining()) this.aborts.get(item.id)?.abort();
    this.pump();
  }

  clear(): void {
    this.queue.clear();
    this.pump();
  }

  /** Forgets everything, when the person signs out. */
  reset(): void {
    this.cancel();
    this.queue = new UploadQueue<File>();
    this.pump();
  }

  /** Follows the jobs of the files that were sent. */
  follow({ type, data }: LiveEvent): void {
    const fileId = data.fileId;
    if (typeof fileId !== "string") return;
    if (type === "job.succeeded") this.queue.learned(fileId, { settled: true });
    else if (type === "duplicates.exactMatched") this.queue.learned(fileId, { finding: "duplicate" });
    else if (type === "job.deadLettered") this.queue.learned(fileId, { finding: "jobFailed" });
    else return;
    this.refresh();
  }

  private pump(): void {
    const now = performance.now();
    for (const item of this.queue.start(now)) void this.send(item, this.queue);
    clearTimeout(this.retryTimer);
    const retryAt = this.queue.nextRetryAt(now);
    if (retryAt !== undefined) this.retryTimer = setTimeout(() => this.pump(), retryAt - now);
    this.refresh();
  }

  private async send(item: Upload<File>, queue: UploadQueue<File>): Promise<void> {
    const abort = new AbortController();
    this.aborts.set(item.id, abort);
    try {
      const { path, key } = item;
      const onProgress = (sent: number) => {
        queue.progressed(item, sent);
        this.refresh();
      };
      const { batch } = this;
      const { file, isNew } = await putFile(item.file, { path, key, batch, onProgress, signal: abort.signal });
      queue.stored(item, file.id, { settled: file.settled, isNew });
    } catch (thrown) {
      const { message, isTransient, retryAfter } = asApiError(thrown);
      queue.failed(item, { message, isTransient, retryAfterSeconds: retryAfter }, performance.now());
    } finally {
      this.aborts.delete(item.id);
      this.pump();
    }
  }

  /** Shows the queue's state soon; progress arrives far more often than it can be read. */
  private refresh(): void {
    if (this.refreshTimer !== undefined) return;
    this.refreshTimer = setTimeout(() => {
      this.refreshTimer = undefined;
      this.view.set(this.look());
    }, REFRESH_MS);
  }

  private look(): UploadsView {
    const { totals, isIdle, items } = this.queue;
    this.rate.note(totals.sentBytes, performance.now());
    const bytesPerSecond = isIdle ? undefined : this.rate.bytesPerSecond;
    const left = totals.bytes - totals.sentBytes;
    const failures = items.filter((item) => item.state === "failed");
    const active = items.filter((item) => item.state === "sending" || (item.state === "waiting" && item.tries > 0));
    const done = items.filter((item) => item.state === "stored" || item.state === "settled").slice(-SHOWN).reverse();
    return {
      totals,
      isIdle,
      bytesPerSecond,
      secondsLeft: bytesPerSecond ? left / bytesPerSecond : undefined,
      rows: [...active, ...done].slice(0, SHOWN).map((item) => ({ ...item })),
      failures: failures.slice(0, 50).map((item) => ({ ...item })),
    };
  }
}

export const uploader = new Uploader();
