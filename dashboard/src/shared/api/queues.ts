import type { Query } from "shared/query/cache";
import { get, withQuery, write } from "./http";
import type { JobCounts } from "./jobs";

/** Everybody's jobs of one class and kind. */
export interface Queue {
  class: "admin" | "interactive" | "bulk";
  kind: string;
  counts: JobCounts;
  /** What workers have now; null while Redis does not answer. */
  inFlight: number | null;
  /** Since when the first of those queued could have begun. */
  oldestDueAt: string | null;
  lastFiveMinutes: { succeeded: number; failed: number; dead: number };
}

/** What an administrator has paused or limited. */
export interface QueueControl {
  scope: "class" | "kind" | "tenant";
  value: string;
  paused: boolean;
  reason: string | null;
  concurrency: number | null;
  ratePerSecond: number | null;
  weight: number | null;
  changedAt: string;
}

/** Dead letters with one cause. */
export interface DeadGroup {
  fingerprint: string;
  /** Null for what is no job at all. */
  kind: string | null;
  jobs: number;
  firstAt: string | null;
  lastAt: string | null;
  reason: string;
}

export const queueList: Query<{ items: Queue[]; controls: QueueControl[] }> = {
  key: "/admin/queues",
  fetch: () => get("/admin/queues"),
};

export const deadGroupList: Query<{ items: DeadGroup[] }> = { key: "/admin/dead", fetch: () => get("/admin/dead") };

export const pauseClass = (name: string) => write<void>("POST", `/admin/queues/class/${name}/pause`);

export const resumeClass = (name: string) => write<void>("POST", `/admin/queues/class/${name}/resume`);

/** To all dead letters with one cause, part by part; how many they were. */
export async function onDeadLetters(verb: "requeue" | "discard", fingerprint: string): Promise<number> {
  const path = `/admin/dead/${encodeURIComponent(fingerprint)}/${verb}`;
  let count = 0;
  let after: string | undefined;
  do {
    const part = await write<{ jobs: number; next: string | null }>("POST", withQuery(path, { after }));
    count += part.jobs;
    after = part.next ?? undefined;
  } while (after);
  return count;
}
