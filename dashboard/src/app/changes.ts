/** What each event changes, as the paths whose answers are then read again. */
const CHANGES: Record<string, readonly string[]> = {
  "file.uploaded": ["/files", "/savings", "/jobs", "/batches", "/duplicates", "/me"],
  "file.trashed": ["/files", "/savings", "/duplicates", "/me"],
  "file.restored": ["/files", "/savings", "/duplicates", "/me"],
  "file.removed": ["/files", "/savings", "/duplicates", "/jobs", "/me"],
  "content.analyzed": ["/files", "/savings"],
  "duplicates.exactMatched": ["/duplicates", "/savings"],
  "duplicates.nearMatched": ["/duplicates", "/me/thresholds"],
  "duplicates.dismissed": ["/duplicates", "/decisions"],
  "duplicates.undone": ["/duplicates", "/decisions"],
  "duplicates.thresholdsSet": ["/duplicates", "/me/thresholds"],
  "job.queued": ["/jobs", "/batches"],
  "job.completed": ["/jobs", "/batches"],
  "job.succeeded": ["/jobs", "/batches", "/files", "/savings"],
  "job.failed": ["/jobs", "/batches"],
  "job.deadLettered": ["/jobs", "/batches"],
  "job.requeued": ["/jobs", "/batches"],
  "job.cancelled": ["/jobs", "/batches"],
  "job.discarded": ["/jobs", "/batches"],
  "queue.pruned": ["/jobs", "/batches"],
  "account.quotaSet": ["/me", "/admin/users"],
  "account.quotaCharged": ["/me", "/admin/users"],
  "account.quotaReleased": ["/me", "/admin/users"],
  "account.roleChanged": ["/me"],
};

/** An event this page does not know may have changed anything. */
export function changesOf(eventType: string): readonly string[] {
  return CHANGES[eventType] ?? ["/"];
}
