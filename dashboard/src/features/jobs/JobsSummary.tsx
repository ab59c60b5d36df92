import { type JobPage, openJobs } from "shared/api/jobs";
import { formatNumber, plural } from "shared/format/text";
import { formatRoute } from "shared/router/route";
import { EmptyNotice } from "shared/ui/Notice";
import { Path } from "shared/ui/Path";
import { Progress } from "shared/ui/Progress";
import { JobTag } from "./JobTag";

/** Jobs in a glance: what is open, what needs attention, and the latest few. */
export function JobsSummary({ page: { counts, items } }: { page: JobPage }) {
  const open = openJobs(counts);
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (all === 0) return <EmptyNotice title="No jobs yet">Every file that arrives gets one.</EmptyNotice>;
  return (
    <>
      <div className="job" data-testid="jobs-open">
        <div>
          {open === 0 ? "All settled" : `${plural(open, "job")} open`}{" "}
          <span className="muted num">
            · {formatNumber(counts.succeeded)} of {formatNumber(all)} succeeded
          </span>
        </div>
        <Progress label="Jobs succeeded" value={counts.succeeded} max={all} />
      </div>
      {counts.retrying > 0 && <Attention count={counts.retrying} state="retrying" text="will be tried again" />}
      {counts.dead > 0 && <Attention count={counts.dead} state="dead" text="could not be done" />}
      <ul className="rows" aria-label="Latest jobs">
        {items.map((job) => (
          <li key={job.id} className="row">
            {job.path ? <Path path={job.path} /> : <span className="muted">a removed file</span>}
            <JobTag state={job.state} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Attention({ count, state, text }: { count: number; state: "retrying" | "dead"; text: string }) {
  return (
    <div className={`job ${state === "dead" ? "bad" : "warn"}`}>
      {plural(count, "job")} {text} · <a href={formatRoute("jobs", { state })}>see why</a>
    </div>
  );
}
