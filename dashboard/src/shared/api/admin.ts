import type { Query } from "shared/query/cache";
import type { Account } from "./account";
import { get, type Page, withQuery, write } from "./http";

export interface User extends Account {
  disabled: boolean;
}

export function userList({ after, limit = 50 }: { after?: string | undefined; limit?: number }): Query<Page<User>> {
  const key = withQuery("/admin/users", { after, limit });
  return { key, fetch: () => get(key) };
}

export const setQuota = (id: string, quotaBytes: number) => write<void>("PUT", `/admin/users/${id}/quota`, { quotaBytes });
