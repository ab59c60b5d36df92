import type { Query } from "shared/query/cache";
import { get } from "./http";

/** Whether all bytes are whole, and when they were read last. */
export interface StoreHealth {
  scrub: {
    underWay: boolean;
    startedAt: string | null;
    finishedAt: string | null;
    contents: number;
    bytes: number;
    totalContents: number;
    totalBytes: number;
  };
  /** Contents that are not whole; `items` has the first of them. */
  damaged: number;
  items: DamagedContent[];
}

export interface DamagedContent {
  digest: string;
  size: number;
  reason: string;
  foundAt: string;
  checkedAt: string;
  holders: { owner: string; path: string }[];
}

export const storeHealth: Query<StoreHealth> = { key: "/admin/store", fetch: () => get("/admin/store") };
