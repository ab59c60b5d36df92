import type { Rebuild } from "shared/api/projections";

/** One of the signed-in person's own events, sent once the read models show it. */
export interface LiveEvent {
  type: string;
  position: number;
  at: string;
  data: Record<string, unknown>;
}

/** How far the rebuild of a projection is. Only administrators are told, and it is no event: it has no position. */
export interface RebuildProgress {
  type: "rebuildProgress";
  projection: string;
  rebuild: Rebuild;
}

export type ServerMessage =
  | { type: "ready"; position: number }
  | { type: "position"; position: number }
  | { type: "error"; detail: string }
  | LiveEvent;

/** Reads a frame; undefined when it is not a message this page understands. */
export function parseMessage(frame: string): ServerMessage | RebuildProgress | undefined {
  try {
    const message = JSON.parse(frame) as Partial<LiveEvent>;
    if (typeof message?.type !== "string") return undefined;
    if (message.type === "rebuildProgress") return message as unknown as RebuildProgress;
    if (message.type !== "error" && typeof message.position !== "number") return undefined;
    return message as ServerMessage;
  } catch {
    return undefined;
  }
}

export function isRebuildProgress(message: ServerMessage | RebuildProgress): message is RebuildProgress {
  return message.type === "rebuildProgress";
}
