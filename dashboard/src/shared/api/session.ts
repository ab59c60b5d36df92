import { Store } from "shared/store";
import { ApiError, asApiError } from "./problem";

/** Where the API lives, relative to the page's origin. */
export const API = "/api/v1";

/** Renewed this long before the server would refuse it: a long upload is refused only after its body was sent. */
const RENEW_BEFORE_EXPIRY_MS = 30_000;

interface Tokens {
  accessToken: string;
  expiresIn: number;
}

export type SessionState = "unknown" | "signedIn" | "signedOut";

/**
 * The signed-in person's access token, in memory only: a reload asks for a new one with the HttpOnly refresh cookie,
 * which no script can read.
 */
class Session {
  readonly state = new Store<SessionState>("unknown");
  private token: string | undefined;
  private expiresAt = 0;
  private renewal: Promise<string> | undefined;

  /** A token that is valid now. Throws a 401 when the session is over, and then the state is `signedOut`. */
  async accessToken(): Promise<string> {
    if (this.token && Date.now() < this.expiresAt) return this.token;
    return this.renew(this.token);
  }

  /** Replaces `refused`, once for all callers that were refused with it. */
  async renew(refused: string | undefined): Promise<string> {
    if (this.token && this.token !== refused) return this.token;
    this.renewal ??= this.refresh().finally(() => (this.renewal = undefined));
    return this.renewal;
  }

  async signIn(email: string, password: string): Promise<void> {
    this.accept(await post<Tokens>("/auth/login", { email, password, cookie: true }));
  }

  async register(email: string, password: string): Promise<void> {
    await post("/auth/register", { email, password });
    await this.signIn(email, password);
  }

  async signOut(): Promise<void> {
    try {
      await post("/auth/logout", {}, this.token);
    } finally {
      this.end();
    }
  }

  private async refresh(): Promise<string> {
    try {
      // Refresh tokens rotate: two tabs that used the same one at once would look like a thief, so they queue.
      return this.accept(await serially("onefold-refresh", () => post<Tokens>("/auth/refresh", {})));
    } catch (error) {
      const problem = asApiError(error);
      if (!problem.isTransient) this.end();
      throw problem;
    }
  }

  private accept(tokens: Tokens): string {
    this.token = tokens.accessToken;
    this.expiresAt = Date.now() + tokens.expiresIn * 1000 - RENEW_BEFORE_EXPIRY_MS;
    this.state.set("signedIn");
    return this.token;
  }

  private end(): void {
    this.token = undefined;
    this.expiresAt = 0;
    this.state.set("signedOut");
  }
}

export const session = new Session();

async function post<T>(path: string, body: object, token?: string): Promise<T> {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  const response = await fetch(API + path, { method: "POST", headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw ApiError.from(response.status, text, response.headers.get("Retry-After"));
  return (text ? JSON.parse(text) : undefined) as T;
}

async function serially<T>(name: string, body: () => Promise<T>): Promise<T> {
  // Web Locks exist only on https and localhost; without them a clash costs one sign-in.
  return "locks" in navigator ? ((await navigator.locks.request(name, body)) as T) : body();
}
