import type { Query } from "shared/query/cache";
import { get, type Page, withQuery, write } from "./http";

/** The last rebuild of a projection: asked for, under way, or over. */
export interface Rebuild {
  state: "requested" | "folding" | "indexing" | "comparing" | "done" | "failed";
  position: number;
  target: number;
  eventsPerSecond: number;
  secondsLeft: number | null;
  updatedAt: string;
  finishedAt: string | null;
  rows: number | null;
  /** Rows unlike those that were live; null when there was nothing to compare with. */
  differing: number | null;
  error: string | null;
}

export const isUnderWay = (rebuild: Rebuild | null): rebuild is Rebuild =>
  rebuild !== null && rebuild.state !== "done" && rebuild.state !== "failed";

export interface ProjectionStatus {
  name: string;
  version: number;
  position: number;
  /** Events behind the head of the log. */
  lag: number;
  updatedAt: string;
  /** Why it stands still, when it does. */
  error: string | null;
  /** Events that it could not fold and has passed by. */
  parked: number;
  rebuild: Rebuild | null;
  /** The tables that the last rebuild replaced, while they are kept. */
  previous: { version: number; position: number; replacedAt: string; keptUntil: string } | null;
}

export const projectionList: Query<{ items: ProjectionStatus[]; head: number }> = {
  key: "/admin/projections",
  // Not a view of the log but of its readers: it has no position to wait for.
  fetch: () => get("/admin/projections", { wait: false }),
};

export const rebuild = (name: string) => write<Rebuild>("POST", `/admin/projections/${name}/rebuild`);
export const rollBack = (name: string) => write<ProjectionStatus>("POST", `/admin/projections/${name}/rollback`);
export const retry = (name: string) => write<{ outcome: "resumed" | "rebuilding" }>("POST", `/admin/projections/${name}/retry`);

export interface ParkedEvent {
  projection: string;
  position: number;
  eventId: string;
  type: string;
  schemaVersion: number;
  error: string;
  attempts: number;
  firstAt: string;
  lastAt: string;
}

export function parkedList({ after, limit = 20 }: { after?: string | undefined; limit?: number }): Query<Page<ParkedEvent>> {
  const key = withQuery("/admin/parked", { after, limit });
  return { key, fetch: () => get(key, { wait: false }) };
}
