import { BatchProgress } from "features/jobs/BatchProgress";
import { JOB_STATES } from "features/jobs/JobTag";
import { JobTable } from "features/jobs/JobTable";
import { batchList, jobList, type JobState } from "shared/api/jobs";
import { formatNumber } from "shared/format/text";
import { usePages } from "shared/query/usePages";
import { useListQuery, useQuery } from "shared/query/useQuery";
import { replaceQuery } from "shared/router/useRoute";
import { Card } from "shared/ui/Card";
import { Loaded } from "shared/ui/Loaded";
import { EmptyNotice } from "shared/ui/Notice";
import { Pager } from "shared/ui/Pager";
import { type Tab, Tabs } from "shared/ui/Tabs";
import type { RouteProps } from ".";

const STATES = Object.keys(JOB_STATES) as JobState[];
type Choice = JobState | "all";

const RARE = new Set<JobState>(["scheduled", "cancelled", "discarded"]);

/** More are hardly ever under way at once. */
const BATCHES_SHOWN = 5;

export function JobsRoute({ query }: RouteProps) {
  const state = STATES.find((candidate) => candidate === query.state);
  const pages = usePages(state ?? "all");
  const jobs = useListQuery(jobList({ state, after: pages.after }));
  const batches = useQuery(batchList({ limit: BATCHES_SHOWN }));
  const counts = jobs.data?.counts;
  // The rare states take no room until there is something in them.
  const shown = STATES.filter((id) => !RARE.has(id) || id === state || (counts && counts[id] > 0));
  const label = (id: JobState) => `${capitalised(JOB_STATES[id])}${counts ? ` ${formatNumber(counts[id])}` : ""}`;
  const tabs: Tab<Choice>[] = [{ id: "all", label: "All" }, ...shown.map((id) => ({ id, label: label(id) }))];
  const empty = state ? "No job is in this state" : "No jobs yet";

  return (
    <Card title="Jobs" note="what is done with each file after it arrived">
      {batches.data && <BatchProgress batches={batches.data.items} />}
      <Tabs
        label="Jobs by state"
        tabs={tabs}
        selected={state ?? "all"}
        onSelect={(choice) => replaceQuery("jobs", { state: choice === "all" ? undefined : choice })}
      >
        <Loaded answer={jobs} lines={8}>
          {({ items, next }) => (
            <>
              {items.length === 0 ? <EmptyNotice title={empty} /> : <JobTable jobs={items} />}
              <Pager pages={pages} next={next} label="Pages of jobs" />
            </>
          )}
        </Loaded>
      </Tabs>
    </Card>
  );
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
