import type { ComponentType } from "react";
import type { Route } from "shared/router/route";
import { AccountRoute } from "./AccountRoute";
import { AdminRoute } from "./AdminRoute";
import { DuplicatesRoute } from "./DuplicatesRoute";
import { FilesRoute } from "./FilesRoute";
import { JobsRoute } from "./JobsRoute";
import { NotFoundRoute } from "./NotFoundRoute";
import { OverviewRoute } from "./OverviewRoute";

export interface RouteProps {
  query: Record<string, string>;
}

/** A route loads; the features it puts together only show. */
export const routes: Record<Route["page"], { title: string; Component: ComponentType<RouteProps> }> = {
  overview: { title: "Overview", Component: OverviewRoute },
  files: { title: "Files", Component: FilesRoute },
  duplicates: { title: "Duplicates", Component: DuplicatesRoute },
  jobs: { title: "Jobs", Component: JobsRoute },
  account: { title: "Account", Component: AccountRoute },
  admin: { title: "Admin", Component: AdminRoute },
  notFound: { title: "Not found", Component: NotFoundRoute },
};
