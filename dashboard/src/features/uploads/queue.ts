import { randomUUID } from "shared/random";

export type UploadState =
  | "waiting" // for a free slot, or for its retry time
  | "sending"
  | "stored" // the server has it durably; its job is still to come
  | "settled" // its job succeeded
  | "failed" // nothing more happens until the person says so
  | "cancelled";

/** What the server said about a stored file, beyond storing it. */
export type Finding = "duplicate" | "unchanged" | "jobFailed";

export interface Upload<F> {
  id: number;
  file: F;
  path: string;
  size: number;
  state: UploadState;
  sent: number;
  /** Sent as Idempotency-Key: kept while the outcome is unknown, new when the person tries again. */
  key: string;
  tries: number;
  notBefore: number;
  error?: string;
  fileId?: string;
  finding?: Finding;
}

export interface Failure {
  message: string;
  isTransient: boolean;
  retryAfterSeconds?: number | undefined;
}

export interface UploadTotals {
  files: number;
  bytes: number;
  sentBytes: number;
  stored: number;
  settled: number;
  duplicates: number;
  failed: number;
  cancelled: number;
}

export interface QueueOptions {
  concurrency?: number;
  tries?: number;
  random?: () => number;
  makeKey?: () => string;
}

/** Eight tries outlast a server's restart by far. */
const LONGEST_WAIT_SECONDS = 30;

/**
 * Which file is sent when: at most `concurrency` at once, in the order they were added; a passing failure is tried
 * again by itself with growing waits, any other waits for the person. It sends nothing and reads no clock.
 */
export class UploadQueue<F> {
  readonly items: Upload<F>[] = [];
  private readonly byFile = new Map<string, Upload<F>>();
  /** What live events said of files whose upload has not been answered yet. */
  private readonly early = new Map<string, Partial<Pick<Upload<F>, "state" | "finding">>>();
  private readonly concurrency: number;
  private readonly tries: number;
  private readonly random: () => number;
  private readonly makeKey: () => string;
  private sending = 0;
  /** Items before this index are not waiting; keeps `start` cheap with many thousands of files. */
  private firstWaiting = 0;
  private nextId = 1;

  constructor({ concurrency = 4, tries = 8, random = Math.random, makeKey = randomUUID }: QueueOptions = {}) {
    this.concurrency = concurrency;
    this.tries = tries;
    this.random = random;
    this.makeKey = makeKey;
  }

  add(file: F, path: string, size: number): void {
    const key = this.makeKey();
    this.items.push({ id: this.nextId++, file, path, size, state: "waiting", sent: 0, key, tries: 0, notBefore: 0 });
  }

  /** Takes the uploads that may begin now; they count as sending until they are answered. */
  start(now: number): Upload<F>[] {
    const started: Upload<F>[] = [];
    while (this.firstWaiting < this.items.length && this.items[this.firstWaiting]!.state !== "waiting") this.firstWaiting += 1;
    for (let index = this.firstWaiting; index < this.items.length && this.sending < this.concurrency; index += 1) {
      const item = this.items[index]!;
      if (item.state !== "waiting" || item.notBefore > now) continue;
      item.state = "sending";
      item.sent = 0;
      item.tries += 1;
      this.sending += 1;
      started.push(item);
    }
    return started;
  }

  /** When the next waiting retry is due; undefined when none is waiting for its time. */
  nextRetryAt(now: number): number | undefined {
    let next: number | undefined;
    for (let index = this.firstWaiting; index < this.items.length; index += 1) {
      const { state, notBefore } = this.items[index]!;
      if (state === "waiting" && notBefore > now) next = Math.min(next ?? Infinity, notBefore);
    }
    return next;
  }

  progressed(item: Upload<F>, sent: number): void {
    if (item.state === "sending") item.sent = Math.min(sent, item.size);
  }

  stored(item: Upload<F>, fileId: string, { settled, isNew }: { settled: boolean; isNew: boolean }): void {
    if (item.state !== "sending") return;
    this.sending -= 1;
    item.state = settled ? "settled" : "stored";
    item.sent = item.size;
    item.fileId = fileId;
    delete item.error;
    if (!isNew) item.finding = "unchanged";
    if (isNew || !settled) this.byFile.set(fileId, item);
    Object.assign(item, this.early.get(fileId));
    this.early.delete(fileId);
  }

  failed(item: Upload<F>, failure: Failure, now: number): void {
    if (item.state !== "sending") return;
    this.sending -= 1;
    item.sent = 0;
    item.error = failure.message;
    if (failure.isTransient && item.tries < this.tries) {
      const backoff = Math.min(LONGEST_WAIT_SECONDS, 2 ** (item.tries - 1)) * (0.5 + this.random() / 2);
      const wait = failure.retryAfterSeconds ?? backoff;
      this.wait(item, now + wait * 1000);
    } else {
      item.state = "failed";
    }
  }

  /** The person tries a failed or cancelled file again: a new attempt, hence a new key. */
  retry(item: Upload<F>): void {
    if (item.state !== "failed" && item.state !== "cancelled") return;
    item.key = this.makeKey();
    item.tries = 0;
    delete item.error;
    this.wait(item, 0);
  }

  retryFailed(): void {
    for (const item of this.items) if (item.state === "failed") this.retry(item);
  }

  /** Gives up what is not stored yet; answers the uploads that are under way and must be cut off. */
  cancelRemaining(): Upload<F>[] {
    const cutOff = this.items.filter((item) => item.state === "sending");
    for (const item of this.items) {
      if (item.state !== "waiting" && item.state !== "sending") continue;
      item.state = "cancelled";
      item.sent = 0;
    }
    this.sending = 0;
    return cutOff;
  }

  /** Notes what a live event tells about a file, also when it arrives before the upload's own answer. */
  learned(fileId: string, news: { settled?: true; finding?: Finding }): void {
    const change = { ...(news.settled && { state: "settled" as const }), ...(news.finding && { finding: news.finding }) };
    const item = this.byFile.get(fileId);
    if (item) Object.assign(item, change);
    else if (this.sending > 0) this.early.set(fileId, { ...this.early.get(fileId), ...change });
  }

  /** Takes everything off the list that needs no more attention; only when nothing is on its way. */
  clear(): void {
    if (!this.isIdle) return;
    this.items.length = 0;
    this.byFile.clear();
    this.early.clear();
    this.firstWaiting = 0;
  }

  /** Nothing is being sent and nothing waits to be. */
  get isIdle(): boolean {
    return this.sending === 0 && !this.items.slice(this.firstWaiting).some((item) => item.state === "waiting");
  }

  get totals(): UploadTotals {
    const totals = { files: 0, bytes: 0, sentBytes: 0, stored: 0, settled: 0, duplicates: 0, failed: 0, cancelled: 0 };
    for (const { state, size, sent, finding } of this.items) {
      if (state === "cancelled") {
        totals.cancelled += 1;
        continue;
      }
      totals.files += 1;
      totals.bytes += size;
      totals.sentBytes += sent;
      if (state === "stored" || state === "settled") totals.stored += 1;
      if (state === "settled") totals.settled += 1;
      if (state === "failed") totals.failed += 1;
      if (finding === "duplicate") totals.duplicates += 1;
    }
    return totals;
  }

  private wait(item: Upload<F>, notBefore: number): void {
    item.state = "waiting";
    item.notBefore = notBefore;
    this.firstWaiting = Math.min(this.firstWaiting, this.items.indexOf(item));
  }
}
