import type { Query } from "shared/query/cache";
import { get } from "./http";

export interface Account {
  id: string;
  email: string;
  role: "user" | "admin";
  quotaBytes: number;
  usedBytes: number;
  createdAt: string;
}

export const me: Query<Account> = { key: "/me", fetch: () => get("/me") };
