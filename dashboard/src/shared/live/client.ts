import { asApiError } from "shared/api/problem";
import { API, session } from "shared/api/session";
import { Store } from "shared/store";
import { type LiveAction, type LiveInput, LiveMachine, type LiveState } from "./machine";
import { isRebuildProgress, type LiveEvent, parseMessage, type RebuildProgress } from "./message";

/** The server sends a heartbeat at least every 10 s; after this silence the connection counts as lost. */
const QUIET_MS = 25_000;

export interface LiveStatus {
  state: LiveState;
  position: number | undefined;
}

/** The one WebSocket of the page: carries out what LiveMachine decides. */
class LiveClient {
  readonly status = new Store<LiveStatus>({ state: "stopped", position: undefined });
  private readonly machine = new LiveMachine();
  private readonly handlers = new Set<(event: LiveEvent) => void>();
  private readonly resyncs = new Set<() => void>();
  private readonly rebuilds = new Set<(progress: RebuildProgress) => void>();
  private socket: WebSocket | undefined;
  /** What the current connection authenticated with. */
  private token: string | undefined;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private quietTimer: ReturnType<typeof setTimeout> | undefined;

  start(): void {
    window.addEventListener("online", this.retryNow);
    document.addEventListener("visibilitychange", this.retryNow);
    this.input({ kind: "start" });
  }

  stop(): void {
    window.removeEventListener("online", this.retryNow);
    document.removeEventListener("visibilitychange", this.retryNow);
    clearTimeout(this.retryTimer);
    this.input({ kind: "stop" });
  }

  /** Calls `handler` for each event until the returned function is called. */
  onEvent(handler: (event: LiveEvent) => void): () => void {
    this.handlers.add(handler);
    return () => this.handlers.delete(handler);
  }

  /** Calls `handler` when everything read so far should be read again. */
  onResync(handler: () => void): () => void {
    this.resyncs.add(handler);
    return () => this.resyncs.delete(handler);
  }

  /** Calls `handler` as rebuilds of projections go on: for administrators. */
  onRebuild(handler: (progress: RebuildProgress) => void): () => void {
    this.rebuilds.add(handler);
    return () => this.rebuilds.delete(handler);
  }

  private readonly retryNow = () => {
    if (document.visibilityState === "visible") this.input({ kind: "retry" });
  };

  private input(input: LiveInput): void {
    const actions = this.machine.handle(input);
    const { state, position } = this.machine;
    const shown = this.status.get();
    if (shown.state !== state || shown.position !== position) this.status.set({ state, position });
    for (const action of actions) this.perform(action);
  }

  private perform(action: LiveAction): void {
    switch (action.kind) {
      case "connect":
        clearTimeout(this.retryTimer);
        return this.connect();
      case "authenticate":
        return void this.authenticate(action.after);
      case "disconnect":
        return this.disconnect();
      case "retryIn":
        clearTimeout(this.quietTimer);
        this.retryTimer = setTimeout(() => this.input({ kind: "retry" }), action.milliseconds);
        return;
      case "renewSession":
        // Failing means signed out, which stops this client, or unreachable, which the next attempt finds out.
        return void session.renew(this.token).catch(asApiError);
      case "deliver":
        for (const handler of this.handlers) handler(action.event);
        return;
      case "resync":
        for (const handler of this.resyncs) handler();
    }
  }

  private connect(): void {
    const socket = new WebSocket(`${window.location.origin.replace(/^http/, "ws")}${API}/live`);
    this.socket = socket;
    // A socket that was replaced or closed by us has nothing more to say.
    const forward = (input: LiveInput) => this.socket === socket && this.input(input);
    socket.onopen = () => forward({ kind: "opened" });
    socket.onclose = ({ code }) => forward({ kind: "closed", code });
    socket.onmessage = ({ data }) => {
      this.expectHeartbeat();
      const message = parseMessage(String(data));
      if (!message) return;
      if (!isRebuildProgress(message)) return void forward({ kind: "message", message });
      for (const handler of this.rebuilds) handler(message);
    };
    this.expectHeartbeat();
  }

  private async authenticate(after: number | undefined): Promise<void> {
    const socket = this.socket;
    try {
      this.token = await session.accessToken();
      socket?.send(JSON.stringify({ type: "authenticate", token: this.token, ...(after !== undefined && { after }) }));
    } catch {
      socket?.close();
    }
  }

  private disconnect(): void {
    clearTimeout(this.quietTimer);
    const socket = this.socket;
    this.socket = undefined;
    socket?.close();
  }

  private expectHeartbeat(): void {
    clearTimeout(this.quietTimer);
    this.quietTimer = setTimeout(() => this.input({ kind: "quiet" }), QUIET_MS);
  }
}

export const live = new LiveClient();
