import type { Query } from "shared/query/cache";
import { get } from "./http";

/** Logical bytes minus what each kind of saving took off; what is left is on disk. */
export interface Savings {
  files: number;
  logicalBytes: number;
  uniqueBytes: number;
  storedBytes: number;
  savedByDuplicates: number;
  savedByCompression: number;
  position: number;
}

export const savings: Query<Savings> = { key: "/savings", fetch: () => get("/savings") };

/** What the files of one duplicate group take. */
export function groupSavings(id: string): Query<Savings> {
  const key = `/duplicates/${id}/savings`;
  return { key, fetch: () => get(key) };
}

export interface InstallationSavings extends Savings {
  /** Parts that several contents have, kept once. */
  savedByParts: number;
  /** On disk, and needed by nothing any more. */
  wastedBytes: number;
}

/** The whole installation's savings; for admins. */
export const installationSavings: Query<InstallationSavings> = {
  key: "/admin/savings",
  fetch: () => get("/admin/savings"),
};
