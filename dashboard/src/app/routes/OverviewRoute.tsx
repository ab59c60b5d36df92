import { QuotaBar } from "features/account/QuotaBar";
import { DuplicateList } from "features/duplicates/DuplicateList";
import { JobsSummary } from "features/jobs/JobsSummary";
import { SavingsPicture } from "features/savings/SavingsPicture";
import { SendCard } from "features/uploads/SendCard";
import { UploadsPanel } from "features/uploads/UploadsPanel";
import { type Account, me } from "shared/api/account";
import { duplicateList, type DuplicatePage } from "shared/api/duplicates";
import { jobList } from "shared/api/jobs";
import { savings } from "shared/api/savings";
import { formatBytes } from "shared/format/bytes";
import { plural } from "shared/format/text";
import { useQuery } from "shared/query/useQuery";
import { formatRoute } from "shared/router/route";
import { Card } from "shared/ui/Card";
import { Loaded } from "shared/ui/Loaded";
import { EmptyNotice } from "shared/ui/Notice";

const GROUPS_SHOWN = 5;
const JOBS_SHOWN = 5;

export function OverviewRoute() {
  const duplicates = useQuery(duplicateList({ limit: GROUPS_SHOWN }));
  const jobs = useQuery(jobList({ limit: JOBS_SHOWN }));
  const account = useQuery(me);
  const totals = duplicates.data?.totals;
  return (
    <>
      <Loaded answer={useQuery(savings)}>{(data) => <SavingsPicture savings={data} />}</Loaded>
      <SendCard />
      <UploadsPanel />
      <div className="grid">
        <Card title="Duplicates" note={totals && totals.groups > 0 && reclaimable(totals)}>
          <Loaded answer={duplicates} lines={5}>
            {({ items, next }) =>
              items.length === 0 ? (
                <EmptyNotice title="No duplicates">Identical files appear here moments after they arrive.</EmptyNotice>
              ) : (
                <>
                  <DuplicateList groups={items} />
                  {next && <a href={formatRoute("duplicates")}>See all groups</a>}
                </>
              )
            }
          </Loaded>
        </Card>
        <div className="side">
          <Card title="Jobs" note="now">
            <Loaded answer={jobs}>{(page) => <JobsSummary page={page} />}</Loaded>
          </Card>
          <Card title="Quota" note={account.data && quota(account.data)}>
            <Loaded answer={account} lines={1}>
              {(data) => <QuotaBar account={data} />}
            </Loaded>
          </Card>
        </div>
      </div>
    </>
  );
}

function reclaimable({ groups, reclaimableBytes }: DuplicatePage["totals"]): string {
  return `${plural(groups, "group")} · ${formatBytes(reclaimableBytes)} to reclaim`;
}

function quota({ usedBytes, quotaBytes }: Account): string {
  return `${formatBytes(usedBytes)} of ${formatBytes(quotaBytes)}`;
}
