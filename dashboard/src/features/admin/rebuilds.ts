import { useEffect } from "react";
import type { ProjectionStatus, Rebuild } from "shared/api/projections";
import { live } from "shared/live/client";
import { cache } from "shared/query/cache";
import { Store, useStore } from "shared/store";

/** What the live connection has told of rebuilds: newer than the last answer of the API. */
const told = new Store<Record<string, Rebuild>>({});

/** Projections with their rebuilds as they are now. */
export function useRebuilds(projections: ProjectionStatus[]): ProjectionStatus[] {
  const news = useStore(told);
  useEffect(
    () =>
      live.onRebuild(({ projection, rebuild }) => {
        told.set({ ...told.get(), [projection]: rebuild });
        if (rebuild.state === "done" || rebuild.state === "failed") cache.invalidate(["/admin"]);
      }),
    [],
  );
  return projections.map((projection) => ({ ...projection, rebuild: newer(projection.rebuild, news[projection.name]) }));
}

function newer(known: Rebuild | null, news: Rebuild | undefined): Rebuild | null {
  return news && (!known || Date.parse(news.updatedAt) >= Date.parse(known.updatedAt)) ? news : known;
}
