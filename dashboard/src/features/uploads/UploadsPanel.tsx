import { formatBytes } from "shared/format/bytes";
import { formatDuration } from "shared/format/duration";
import { formatNumber, formatPercent, plural } from "shared/format/text";
import { useStore } from "shared/store";
import { Button } from "shared/ui/Button";
import { Card } from "shared/ui/Card";
import { Path } from "shared/ui/Path";
import { Progress } from "shared/ui/Progress";
import type { Upload } from "./queue";
import { uploader, type UploadsView } from "./uploader";

/** What is being sent: the whole, the files under way, and what failed with a way on. */
export function UploadsPanel() {
  const view = useStore(uploader.view);
  const { totals, isIdle, rows, failures } = view;
  if (totals.files + totals.cancelled === 0) return null;
  return (
    <Card title={isIdle ? "Sent" : "Sending"} note={summary(view)} actions={<Actions view={view} />}>
      <Progress label="All uploads" value={totals.sentBytes} max={totals.bytes} />
      <p className="sr-only" role="status">
        {isIdle ? `${plural(totals.stored, "file")} sent, ${formatNumber(totals.failed)} failed` : "Sending files"}
      </p>
      {failures.length > 0 && (
        <ul className="rows" aria-label="Failed uploads">
          {failures.map((item) => (
            <li key={item.id} className="row">
              <div>
                <Path path={item.path} />
                <div className="bad">{item.error}</div>
              </div>
              <Button onClick={() => uploader.retry(item.id)} aria-label={`Send ${item.path} again`}>
                Try again
              </Button>
            </li>
          ))}
          {totals.failed > failures.length && <li className="muted">and {formatNumber(totals.failed - failures.length)} more</li>}
        </ul>
      )}
      <ul className="rows" aria-label="Uploads">
        {rows.map((item) => (
          <UploadRow key={item.id} item={item} />
        ))}
      </ul>
    </Card>
  );
}

function Actions({ view: { totals, isIdle } }: { view: UploadsView }) {
  return (
    <div className="actions">
      {totals.failed > 1 && <Button onClick={() => uploader.retryFailed()}>Try all again</Button>}
      {isIdle && <Button onClick={() => uploader.clear()}>Clear</Button>}
      {!isIdle && <Button onClick={() => uploader.cancel()}>Cancel</Button>}
    </div>
  );
}

function UploadRow({ item }: { item: Readonly<Upload<File>> }) {
  return (
    <li className="row">
      <div>
        <Path path={item.path} />
        {item.state === "sending" && <Progress label={item.path} value={item.sent} max={item.size} />}
      </div>
      <span className="row-state muted num">{stateOf(item)}</span>
    </li>
  );
}

function summary({ totals, isIdle, bytesPerSecond, secondsLeft }: UploadsView): string {
  const { files, stored, bytes, sentBytes, duplicates, cancelled } = totals;
  if (isIdle) {
    const parts = [`${plural(stored, "file")} · ${formatBytes(sentBytes)}`];
    if (duplicates > 0) parts.push(`${formatNumber(duplicates)} identical`);
    if (cancelled > 0) parts.push(`${formatNumber(cancelled)} cancelled`);
    return parts.join(" · ");
  }
  const parts = [`${formatNumber(stored)} of ${plural(files, "file")}`, formatPercent(sentBytes, bytes)];
  if (bytesPerSecond !== undefined) parts.push(`${formatBytes(bytesPerSecond)}/s`);
  if (secondsLeft !== undefined && secondsLeft > 0) parts.push(`${formatDuration(secondsLeft)} left`);
  return parts.join(" · ");
}

function stateOf({ state, sent, size, finding, tries }: Readonly<Upload<File>>): string {
  if (finding === "duplicate") return "identical to an earlier file";
  if (finding === "unchanged") return "already here";
  if (finding === "jobFailed") return "stored; its job failed";
  switch (state) {
    case "sending":
      return `${formatBytes(sent)} of ${formatBytes(size)}`;
    case "waiting":
      return tries > 0 ? "waiting to try again" : "waiting";
    case "stored":
      return "stored, settling";
    case "settled":
      return "settled";
    default:
      return state;
  }
}
