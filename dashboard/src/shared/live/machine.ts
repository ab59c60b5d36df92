import type { LiveEvent, ServerMessage } from "./message";

/** What the connection to `/api/v1/live` is doing. */
export type LiveState =
  | "stopped" // nobody is signed in
  | "connecting" // the socket is opening
  | "authenticating" // the token was sent
  | "live" // events arrive
  | "waiting"; // until the next attempt

export type LiveInput =
  | { kind: "start" }
  | { kind: "stop" }
  | { kind: "opened" }
  | { kind: "message"; message: ServerMessage }
  | { kind: "closed"; code: number }
  | { kind: "quiet" } // no heartbeat for too long
  | { kind: "retry" }; // the waiting time is over, or the network came back

export type LiveAction =
  | { kind: "connect" }
  | { kind: "authenticate"; after: number | undefined }
  | { kind: "disconnect" }
  | { kind: "retryIn"; milliseconds: number }
  | { kind: "renewSession" } // the token was refused
  | { kind: "deliver"; event: LiveEvent }
  | { kind: "resync" }; // what was read before this moment may be older than the stream's start

/** The server closes with this code when the token is missing, wrong or over. */
export const UNAUTHORISED = 4401;

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/**
 * Decides; it touches no socket and no clock. Each input gives the actions to carry out, in order.
 * It resumes after the last position it saw, so a broken connection loses no event and repeats none.
 */
export class LiveMachine {
  state: LiveState = "stopped";
  /** The last position seen; undefined before the first connection. */
  position: number | undefined;
  private attempts = 0;

  constructor(private readonly random: () => number = Math.random) {}

  handle(input: LiveInput): LiveAction[] {
    switch (input.kind) {
      case "start":
        return this.state === "stopped" ? this.connect() : [];
      case "stop":
        return this.stop();
      case "opened":
        if (this.state !== "connecting") return [];
        this.state = "authenticating";
        return [{ kind: "authenticate", after: this.position }];
      case "message":
        return this.receive(input.message);
      case "quiet":
        return this.state === "stopped" || this.state === "waiting" ? [] : [{ kind: "disconnect" }, this.wait()];
      case "closed":
        if (this.state === "stopped" || this.state === "waiting") return [];
        return input.code === UNAUTHORISED ? [{ kind: "renewSession" }, this.wait()] : [this.wait()];
      case "retry":
        return this.state === "waiting" ? this.connect() : [];
    }
  }

  private connect(): LiveAction[] {
    this.state = "connecting";
    return [{ kind: "connect" }];
  }

  private stop(): LiveAction[] {
    const connected = this.state !== "stopped" && this.state !== "waiting";
    this.state = "stopped";
    this.position = undefined; // the next person has seen nothing yet
    this.attempts = 0;
    return connected ? [{ kind: "disconnect" }] : [];
  }

  private receive(message: ServerMessage): LiveAction[] {
    if (this.state !== "authenticating" && this.state !== "live") return [];
    if (message.type === "error") return []; // the close that follows decides
    const { position } = message as { position: number };
    if (message.type === "ready") {
      const first = this.position === undefined;
      this.state = "live";
      this.attempts = 0;
      // A resumed stream sends what is between; only a first one starts at the server's position.
      if (first) this.position = position;
      return first ? [{ kind: "resync" }] : [];
    }
    if (position <= (this.position ?? -1) && message.type !== "position") return []; // already delivered
    this.position = Math.max(this.position ?? 0, position);
    return message.type === "position" ? [] : [{ kind: "deliver", event: message as LiveEvent }];
  }

  /** Exponential backoff with full jitter, so that a restarted server is not met by everyone at once. */
  private wait(): LiveAction {
    this.state = "waiting";
    const ceiling = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.attempts);
    this.attempts += 1;
    return { kind: "retryIn", milliseconds: Math.round(ceiling * this.random()) };
  }
}
