import type { Query } from "shared/query/cache";
import { get, type Page, send, withQuery, write } from "./http";

export type FileState = "live" | "trashed";

export interface StoredFile {
  id: string;
  path: string;
  size: number;
  digest: string;
  contentType: string | null;
  state: FileState;
  settled: boolean;
  uploadedAt: string;
  trashedAt: string | null;
  position: number;
}

export interface FileFilter {
  prefix?: string | undefined;
  state?: FileState | undefined;
  after?: string | undefined;
  limit?: number | undefined;
}

export function fileList({ prefix, state, after, limit = 50 }: FileFilter): Query<Page<StoredFile>> {
  const key = withQuery("/files", { prefix, state, after, limit });
  return { key, fetch: () => get(key) };
}

/** An event of a file's life. */
export interface HistoryEntry {
  position: number;
  at: string;
  type: string;
  data: Record<string, unknown>;
  /** The other file that the event is about. */
  other: { id: string; path: string } | null;
}

/** Oldest first; also of a file that was removed. */
export function history(id: string, after: string | undefined): Query<Page<HistoryEntry>> {
  const key = withQuery(`/files/${id}/history`, { after });
  return { key, fetch: () => get(key, { wait: false }) };
}

export const trashFile = (id: string) => write<StoredFile>("DELETE", `/files/${id}`);
export const restoreFile = (id: string) => write<StoredFile>("POST", `/files/${id}/restore`);
export const removeFile = (id: string) => write<void>("DELETE", `/files/${id}?permanent=true`);
export const fileContent = (id: string) => send(`/files/${id}/content`, { method: "GET" });

/** A small picture of a file that is one; refused with 422 for any other. */
export function preview(id: string, side: number): Query<Blob> {
  const key = withQuery(`/files/${id}/preview`, { side });
  return { key, fetch: async () => (await send(key, { method: "GET" })).blob() };
}

/** Where the bytes of `path` are PUT. */
export const uploadPath = (path: string) => withQuery("/files", { path, class: "interactive" });
