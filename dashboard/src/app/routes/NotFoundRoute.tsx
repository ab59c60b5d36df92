import { formatRoute } from "shared/router/route";
import { EmptyNotice } from "shared/ui/Notice";

export function NotFoundRoute() {
  return (
    <EmptyNotice title="There is no such page">
      Go to the <a href={formatRoute("overview")}>overview</a>.
    </EmptyNotice>
  );
}
