import { type Batch, openJobs } from "shared/api/jobs";
import { formatBytes } from "shared/format/bytes";
import { formatDuration } from "shared/format/duration";
import { formatNumber, formatTime, plural } from "shared/format/text";
import { Progress } from "shared/ui/Progress";

/** Batches of uploads whose work is under way; nothing when there are none. */
export function BatchProgress({ batches }: { batches: Batch[] }) {
  return (
    <>
      {batches
        .filter((batch) => openJobs(batch.counts) > 0)
        .map((batch) => (
          <div key={batch.id} className="job" data-testid="batch">
            <div>
              {plural(batch.files, "file")} sent {formatTime(batch.firstAt)}{" "}
              <span className="muted num">
                · {formatNumber(batch.endedFiles)} done, {formatBytes(batch.endedBytes)} of {formatBytes(batch.bytes)}
                {batch.secondsLeft !== null && ` · about ${formatDuration(batch.secondsLeft)} left`}
              </span>
              {batch.counts.dead > 0 && <span className="bad"> · {formatNumber(batch.counts.dead)} could not be done</span>}
            </div>
            <Progress label={`Batch of ${plural(batch.files, "file")}`} value={batch.endedFiles} max={batch.files} />
          </div>
        ))}
    </>
  );
}
