import type { Query } from "shared/query/cache";
import { get, type Page, withQuery } from "./http";

export type JobState = "queued" | "retrying" | "succeeded" | "dead";

export interface Job {
  id: string;
  kind: string;
  class: "admin" | "interactive" | "bulk";
  state: JobState;
  fileId: string;
  path: string | null;
  attempts: number;
  queuedAt: string;
  finishedAt: string | null;
  retryAt: string | null;
  error: string | null;
}

export interface JobPage extends Page<Job> {
  counts: Record<JobState, number>;
}

export interface JobFilter {
  state?: JobState | undefined;
  after?: string | undefined;
  limit?: number;
}

export function jobList({ state, after, limit = 50 }: JobFilter): Query<JobPage> {
  const key = withQuery("/jobs", { state, after, limit });
  return { key, fetch: () => get(key) };
}
