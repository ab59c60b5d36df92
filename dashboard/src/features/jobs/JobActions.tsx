import { canCancel, canRetry, cancelJob, type Job, retryJob } from "shared/api/jobs";
import { cache } from "shared/query/cache";
import { Button } from "shared/ui/Button";
import { showToast } from "shared/ui/toastStore";
import { useAction } from "shared/ui/useAction";

/** What can be done to one job, in the state it is in. */
export function JobActions({ job }: { job: Job }) {
  const name = job.path ?? job.kind;
  const action = useAction(async (work: (id: string) => Promise<unknown>, done: string) => {
    await work(job.id);
    cache.invalidate(["/jobs", "/batches"]);
    showToast(done);
  });
  return (
    <>
      <div className="actions">
        {canRetry(job) && (
          <Button
            aria-label={`Retry the job of ${name}`}
            disabled={action.busy}
            onClick={() => void action.run(retryJob, `${name} will be tried again`)}
          >
            Retry
          </Button>
        )}
        {canCancel(job) && (
          <Button
            aria-label={`Cancel the job of ${name}`}
            disabled={action.busy}
            onClick={() => void action.run(cancelJob, `The job of ${name} is cancelled`)}
          >
            Cancel
          </Button>
        )}
      </div>
      {action.error && (
        <p className="bad" role="alert">
          {action.error.message}
        </p>
      )}
    </>
  );
}
