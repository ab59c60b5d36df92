import { useEffect } from "react";
import { DeadTable } from "features/admin/DeadTable";
import { ParkedTable } from "features/admin/ParkedTable";
import { ProjectionTable } from "features/admin/ProjectionTable";
import { QueueTable } from "features/admin/QueueTable";
import { StoreState } from "features/admin/StoreState";
import { UserTable } from "features/admin/UserTable";
import { SavingsPicture } from "features/savings/SavingsPicture";
import { userList } from "shared/api/admin";
import { parkedList, projectionList } from "shared/api/projections";
import { deadGroupList, queueList } from "shared/api/queues";
import { installationSavings } from "shared/api/savings";
import { storeHealth } from "shared/api/store";
import { formatNumber } from "shared/format/text";
import { cache } from "shared/query/cache";
import { usePages } from "shared/query/usePages";
import { useListQuery, useQuery } from "shared/query/useQuery";
import { Card } from "shared/ui/Card";
import { Loaded } from "shared/ui/Loaded";
import { Pager } from "shared/ui/Pager";

const REFRESH_MS = 5_000;

export function AdminRoute() {
  const pages = usePages("users");
  const parkedPages = usePages("parked");
  const projections = useQuery(projectionList);
  const dead = useQuery(deadGroupList);
  const parked = useListQuery(parkedList({ after: parkedPages.after }));

  // Other people's events are not sent to this page, so what concerns everyone is read again now and then.
  useEffect(() => {
    const timer = setInterval(() => cache.invalidate(["/admin"]), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);

  return (
    <>
      <Loaded answer={useQuery(installationSavings)}>{(data) => <SavingsPicture savings={data} />}</Loaded>
      <Card title="Users">
        <Loaded answer={useListQuery(userList({ after: pages.after }))}>
          {({ items, next }) => (
            <>
              <UserTable users={items} />
              <Pager pages={pages} next={next} label="Pages of users" />
            </>
          )}
        </Loaded>
      </Card>
      <Card title="Kept bytes" note="read again and again, and checked">
        <Loaded answer={useQuery(storeHealth)}>{(health) => <StoreState health={health} />}</Loaded>
      </Card>
      <Card title="Queues" note="everybody's jobs">
        <Loaded answer={useQuery(queueList)}>{({ items, controls }) => <QueueTable queues={items} controls={controls} />}</Loaded>
      </Card>
      {(dead.error || !!dead.data?.items.length) && (
        <Card title="Dead letters" note="jobs that are not tried again by themselves">
          <Loaded answer={dead}>{({ items }) => <DeadTable groups={items} />}</Loaded>
        </Card>
      )}
      <Card title="Projections" note={projections.data && `of a log at position ${formatNumber(projections.data.head)}`}>
        <Loaded answer={projections}>{({ items }) => <ProjectionTable projections={items} />}</Loaded>
      </Card>
      {(parked.error || !!parked.data?.items.length) && (
        <Card title="Parked events" note="passed by, because a projection could not take them">
          <Loaded answer={parked}>
            {({ items, next }) => (
              <>
                <ParkedTable events={items} />
                <Pager pages={parkedPages} next={next} label="Pages of parked events" />
              </>
            )}
          </Loaded>
        </Card>
      )}
    </>
  );
}
