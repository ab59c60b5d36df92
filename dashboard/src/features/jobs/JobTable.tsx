import type { Job } from "shared/api/jobs";
import { formatDuration } from "shared/format/duration";
import { formatTime, plural } from "shared/format/text";
import { Path } from "shared/ui/Path";
import { JobActions } from "./JobActions";
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
          <th scope="col">
            <span className="sr-only">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {jobs.map((job) => (
          <tr key={job.id}>
            <td>
              {job.path ? <Path path={job.path} /> : <span className="muted">a removed file</span>}
              {job.error && <div className="bad">{job.error}</div>}
              {job.retryAt && <div className="muted">next attempt {formatTime(job.retryAt)}</div>}
              {job.runAt && <div className="muted">begins {formatTime(job.runAt)}</div>}
              {job.ahead !== null && job.ahead > 0 && <div className="muted">{waiting(job.ahead, job.secondsLeft)}</div>}
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
            <td>
              <JobActions job={job} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function waiting(ahead: number, secondsLeft: number | null): string {
  const before = `after ${plural(ahead, "other")}`;
  return secondsLeft === null ? before : `${before} · about ${formatDuration(secondsLeft)} left`;
}
