import { pauseClass, type Queue, type QueueControl, resumeClass } from "shared/api/queues";
import { formatDuration } from "shared/format/duration";
import { formatNumber } from "shared/format/text";
import { cache } from "shared/query/cache";
import { Button } from "shared/ui/Button";
import { showToast } from "shared/ui/toastStore";
import { useAction } from "shared/ui/useAction";

/** What waits and runs, by class and kind; and what is paused or limited. */
export function QueueTable({ queues, controls }: { queues: Queue[]; controls: QueueControl[] }) {
  return (
    <>
      <table className="table">
        <caption className="sr-only">Queues</caption>
        <thead>
          <tr>
            <th scope="col">Queue</th>
            <th scope="col">Waiting</th>
            <th scope="col">Running</th>
            <th scope="col">Retrying</th>
            <th scope="col">Oldest</th>
            <th scope="col">Ended a minute</th>
            <th scope="col">
              <span className="sr-only">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {queues.map((queue) => (
            <QueueRow key={`${queue.class} ${queue.kind}`} queue={queue} isPaused={isPaused(queue, controls)} />
          ))}
        </tbody>
      </table>
      {controls.length > 0 && (
        <ul className="rows" aria-label="Paused and limited">
          {controls.map((control) => (
            <li key={`${control.scope} ${control.value}`} className="row">
              {control.scope} {control.value}: {said(control)}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function QueueRow({ queue, isPaused }: { queue: Queue; isPaused: boolean }) {
  const action = useAction(async (work: (name: string) => Promise<unknown>, done: string) => {
    await work(queue.class);
    cache.invalidate(["/admin"]);
    showToast(done);
  });
  const { queued, scheduled, retrying } = queue.counts;
  const { succeeded, dead } = queue.lastFiveMinutes;
  const oldest = queue.oldestDueAt ? (Date.now() - Date.parse(queue.oldestDueAt)) / 1000 : undefined;
  return (
    <tr>
      <td>
        {queue.class} · {queue.kind}
        {isPaused && <div className="warn">paused</div>}
        {action.error && (
          <p className="bad" role="alert">
            {action.error.message}
          </p>
        )}
      </td>
      <td className="num" data-label="Waiting">
        {formatNumber(queued + scheduled)}
      </td>
      <td className="num" data-label="Running">
        {queue.inFlight === null ? "?" : formatNumber(queue.inFlight)}
      </td>
      <td className="num" data-label="Retrying">
        {formatNumber(retrying)}
      </td>
      <td className="num" data-label="Oldest">
        {oldest === undefined ? "" : formatDuration(Math.max(0, oldest))}
      </td>
      <td className="num" data-label="Ended a minute">
        {((succeeded + dead) / 5).toFixed(1)}
      </td>
      <td>
        <div className="actions">
          {isPaused ? (
            <Button
              aria-label={`Resume ${queue.class}`}
              disabled={action.busy}
              onClick={() => void action.run(resumeClass, `${queue.class} goes on`)}
            >
              Resume
            </Button>
          ) : (
            <Button
              aria-label={`Pause ${queue.class}`}
              disabled={action.busy}
              onClick={() => void action.run(pauseClass, `${queue.class} is paused`)}
            >
              Pause
            </Button>
          )}
        </div>
      </td>
    </tr>
  );
}

function isPaused(queue: Queue, controls: QueueControl[]): boolean {
  return controls.some(({ scope, value, paused }) => paused && scope === "class" && value === queue.class);
}

function said({ paused, reason, concurrency, ratePerSecond, weight }: QueueControl): string {
  const parts = [];
  if (paused) parts.push(reason ? `paused (${reason})` : "paused");
  if (concurrency !== null) parts.push(`at most ${formatNumber(concurrency)} at a time`);
  if (ratePerSecond !== null) parts.push(`at most ${formatNumber(ratePerSecond)} a second`);
  if (weight !== null) parts.push(`weight ${weight}`);
  return parts.join(", ");
}
