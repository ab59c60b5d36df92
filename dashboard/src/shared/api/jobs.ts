import type { Query } from "shared/query/cache";
import { get, type Page, withQuery, write } from "./http";

export type JobState = "queued" | "scheduled" | "retrying" | "succeeded" | "dead" | "cancelled" | "discarded";

export interface Job {
  id: string;
  kind: string;
  class: "admin" | "interactive" | "bulk";
  state: JobState;
  fileId: string | null;
  path: string | null;
  batchId: string | null;
  attempts: number;
  queuedAt: string;
  runAt: string | null;
  retryAt: string | null;
  finishedAt: string | null;
  error: string | null;
  /** Own jobs that come before this one; null when it does not wait. */
  ahead: number | null;
  secondsLeft: number | null;
}

export type JobCounts = Record<JobState, number>;

export interface JobPage extends Page<Job> {
  counts: JobCounts;
}

/** Uploads that were sent together, and how far the work on them is. */
export interface Batch {
  id: string;
  /** So far: more may come. */
  files: number;
  bytes: number;
  /** Those whose jobs have ended, well or badly. */
  endedFiles: number;
  endedBytes: number;
  counts: JobCounts;
  firstAt: string;
  lastAt: string;
  endedAt: string | null;
  secondsLeft: number | null;
}

/** Jobs that are still to be done. */
export const openJobs = ({ queued, scheduled, retrying }: JobCounts): number => queued + scheduled + retrying;

export const canCancel = ({ state }: Job): boolean => state === "queued" || state === "scheduled" || state === "retrying";

export const canRetry = ({ state }: Job): boolean =>
  state === "retrying" || state === "dead" || state === "cancelled" || state === "discarded";

export interface JobFilter {
  state?: JobState | undefined;
  after?: string | undefined;
  limit?: number;
}

export function jobList({ state, after, limit = 50 }: JobFilter): Query<JobPage> {
  const key = withQuery("/jobs", { state, after, limit });
  return { key, fetch: () => get(key) };
}

export function batchList({ limit }: { limit: number }): Query<Page<Batch>> {
  const key = withQuery("/batches", { limit });
  return { key, fetch: () => get(key) };
}

export const cancelJob = (id: string) => write<void>("POST", `/jobs/${id}/cancel`);

export const retryJob = (id: string) => write<void>("POST", `/jobs/${id}/retry`);
