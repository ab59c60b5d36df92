import type { Job } from "shared/api/jobs";
import { formatTime } from "shared/format/text";
import { Path } from "shared/ui/Path";
import { JobTag } from "./JobTag";

/** Jobs with their state and, for those that failed, why. */
export function JobTable({ jobs }: { jobs: Job[] }) {
  return (
    <table className="table">
      <caption className="sr-only">Jobs</caption>
      <thead>
        <tr>
          <th scope="col">File</th>
          <th scope="col">State</th>
          <th scope="col">Attempts</th>
          <th scope="col">Queued</th>
        </tr>
      </thead>
      <tbody>
        {jobs.map((job) => (
          <tr key={job.id}>
            <td>
              {job.path ? <Path path={job.path} /> : <span className="muted">a removed file</span>}
              {job.error && <div className="bad">{job.error}</div>}
              {job.state === "retrying" && job.retryAt && <div className="muted">next attempt {formatTime(job.retryAt)}</div>}
            </td>
            <td>
              <JobTag state={job.state} />
            </td>
            <td className="num" data-label="Attempts">
              {job.attempts}
            </td>
            <td className="num" data-label="Queued">
              <time dateTime={job.queuedAt}>{formatTime(job.queuedAt)}</time>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
