import { ApiError, asApiError } from "./problem";
import { API, session } from "./session";

/** A page of a list; `next` is the cursor of the page after it. */
export interface Page<T> {
  items: T[];
  next: string | null;
}

/**
 * The log's position after what the person last did here; reads wait for it, so that people see what they just did.
 * Uploads do not count: they come by the thousand, and live events tell when each is to be seen.
 */
let written = 0;

/** A GET of a read model, not older than what the person last did here. */
export async function get<T>(path: string, { wait = true } = {}): Promise<T> {
  const fresh = wait && written > 0 ? `${path}${path.includes("?") ? "&" : "?"}wait=${written}` : path;
  return json<T>(await send(fresh, { method: "GET" }));
}

/** A write; its position is remembered. */
export async function write<T>(method: "POST" | "PUT" | "DELETE", path: string, body?: object): Promise<T> {
  const init: RequestInit = { method };
  if (body) Object.assign(init, { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  const response = await send(path, init);
  written = Math.max(written, Number(response.headers.get("Onefold-Position") ?? 0));
  return json<T>(response);
}

/** An authorised request; throws ApiError for every answer that is not a success. Renews the token once when refused. */
export async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    const token = await session.accessToken();
    let response = await authorised(path, init, token);
    if (response.status === 401) response = await authorised(path, init, await session.renew(token));
    if (!response.ok) throw ApiError.from(response.status, await response.text(), response.headers.get("Retry-After"));
    return response;
  } catch (error) {
    throw asApiError(error);
  }
}

function authorised(path: string, init: RequestInit, token: string): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("Authorization", `Bearer ${token}`);
  return fetch(API + path, { ...init, headers });
}

async function json<T>(response: Response): Promise<T> {
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

/** A path with the query's defined members, in a stable order: the same question is always the same cache key. */
export function withQuery(path: string, query: Record<string, string | number | undefined>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== "") parameters.set(name, String(value));
  const text = parameters.toString();
  return text ? `${path}?${text}` : path;
}
