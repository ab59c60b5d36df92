import { JOB_STATES } from "features/jobs/JobTag";
import { JobTable } from "features/jobs/JobTable";
import { jobList, type JobState } from "shared/api/jobs";
import { formatNumber } from "shared/format/text";
import { usePages } from "shared/query/usePages";
import { useListQuery } from "shared/query/useQuery";
import { replaceQuery } from "shared/router/useRoute";
import { Card } from "shared/ui/Card";
import { Loaded } from "shared/ui/Loaded";
import { EmptyNotice } from "shared/ui/Notice";
import { Pager } from "shared/ui/Pager";
import { type Tab, Tabs } from "shared/ui/Tabs";
import type { RouteProps } from ".";

const STATES = Object.keys(JOB_STATES) as JobState[];
type Choice = JobState | "all";

export function JobsRoute({ query }: RouteProps) {
  const state = STATES.find((candidate) => candidate === query.state);
  const pages = usePages(state ?? "all");
  const jobs = useListQuery(jobList({ state, after: pages.after }));
  const counts = jobs.data?.counts;
  const label = (id: JobState) => `${capitalised(JOB_STATES[id])}${counts ? ` ${formatNumber(counts[id])}` : ""}`;
  const tabs: Tab<Choice>[] = [{ id: "all", label: "All" }, ...STATES.map((id) => ({ id, label: label(id) }))];
  const empty = state ? "No job is in this state" : "No jobs yet";

  return (
    <Card title="Jobs" note="what is done with each file after it arrived">
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
