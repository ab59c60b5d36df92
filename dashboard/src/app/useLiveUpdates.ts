import { useEffect } from "react";
import { uploader } from "features/uploads/uploader";
import { live } from "shared/live/client";
import { cache } from "shared/query/cache";
import { changesOf } from "./changes";

/** While the live connection is down, what is on screen is read again this often. */
const FALLBACK_MS = 15_000;

/** Connects for as long as somebody is signed in, and reads again exactly what events changed. */
export function useLiveUpdates(): void {
  useEffect(() => {
    const unsubscribe = [
      live.onEvent((event) => {
        cache.invalidate(changesOf(event.type));
        uploader.follow(event);
      }),
      live.onResync(() => cache.invalidate(["/"])),
    ];
    live.start();
    const fallback = setInterval(() => live.status.get().state !== "live" && cache.invalidate(["/"]), FALLBACK_MS);
    return () => {
      clearInterval(fallback);
      live.stop();
      for (const end of unsubscribe) end();
    };
  }, []);
}
