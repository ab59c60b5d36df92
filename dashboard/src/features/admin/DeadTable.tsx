import { useState } from "react";
import { type DeadGroup, onDeadLetters } from "shared/api/queues";
import { formatNumber, formatTime, plural } from "shared/format/text";
import { cache } from "shared/query/cache";
import { Button } from "shared/ui/Button";
import { Dialog } from "shared/ui/Dialog";
import { showToast } from "shared/ui/toastStore";
import { useAction } from "shared/ui/useAction";

/** Dead letters by cause; putting them away asks first. */
export function DeadTable({ groups }: { groups: DeadGroup[] }) {
  return (
    <table className="table">
      <caption className="sr-only">Dead letters</caption>
      <thead>
        <tr>
          <th scope="col">Cause</th>
          <th scope="col">Jobs</th>
          <th scope="col">Last</th>
          <th scope="col">
            <span className="sr-only">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {groups.map((group) => (
          <DeadRow key={group.fingerprint} group={group} />
        ))}
      </tbody>
    </table>
  );
}

function DeadRow({ group: { fingerprint, kind, jobs, lastAt, reason } }: { group: DeadGroup }) {
  const [asking, setAsking] = useState(false);
  const action = useAction(async (verb: "requeue" | "discard") => {
    const count = await onDeadLetters(verb, fingerprint);
    cache.invalidate(["/admin", "/jobs"]);
    showToast(`${plural(count, "job")} ${verb === "requeue" ? "requeued" : "discarded"}`);
  });
  return (
    <tr>
      <td>
        {reason}
        <div className="muted">{fingerprint}</div>
        {action.error && (
          <p className="bad" role="alert">
            {action.error.message}
          </p>
        )}
      </td>
      <td className="num" data-label="Jobs">
        {formatNumber(jobs)}
      </td>
      <td className="num" data-label="Last">
        {lastAt && formatTime(lastAt)}
      </td>
      <td>
        {kind && (
          <div className="actions">
            <Button aria-label={`Requeue ${fingerprint}`} disabled={action.busy} onClick={() => void action.run("requeue")}>
              Requeue
            </Button>
            <Button aria-label={`Discard ${fingerprint}`} disabled={action.busy} onClick={() => setAsking(true)}>
              Discard
            </Button>
          </div>
        )}
        {asking && (
          <Dialog
            title={`Discard ${plural(jobs, "dead letter")}?`}
            confirm="Discard"
            tone="danger"
            onConfirm={() => {
              setAsking(false);
              void action.run("discard");
            }}
            onClose={() => setAsking(false)}
          >
            <p>Nothing more is done for these files. Each job stays in the log and can still be requeued one by one.</p>
          </Dialog>
        )}
      </td>
    </tr>
  );
}
