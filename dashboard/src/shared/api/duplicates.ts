import type { Query } from "shared/query/cache";
import { get, type Page, withQuery } from "./http";

export interface DuplicateCopy {
  id: string;
  path: string;
  uploadedAt: string;
}

export interface DuplicateGroup {
  id: string;
  class: "identical";
  digest: string;
  size: number;
  copies: number;
  reclaimableBytes: number;
  matchedAt: string;
  /** The first copies, oldest first; at most 20. */
  files: DuplicateCopy[];
}

export interface DuplicatePage extends Page<DuplicateGroup> {
  totals: { groups: number; copies: number; reclaimableBytes: number };
}

export function duplicateList({ after, limit = 25 }: { after?: string | undefined; limit?: number }): Query<DuplicatePage> {
  const key = withQuery("/duplicates", { class: "identical", after, limit });
  return { key, fetch: () => get(key) };
}

/** One group as it is now. */
export function duplicateGroup(id: string): Query<DuplicateGroup> {
  const key = `/duplicates/${id}`;
  return { key, fetch: () => get(key) };
}
