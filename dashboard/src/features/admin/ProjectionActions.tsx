import { useState } from "react";
import { isUnderWay, type ProjectionStatus, rebuild, retry, rollBack } from "shared/api/projections";
import { formatNumber, formatTime } from "shared/format/text";
import { cache } from "shared/query/cache";
import { Button } from "shared/ui/Button";
import { Dialog } from "shared/ui/Dialog";
import { showToast } from "shared/ui/toastStore";
import { useAction } from "shared/ui/useAction";

/** What can be done to one projection; returning to earlier tables asks first. */
export function ProjectionActions({ projection }: { projection: ProjectionStatus }) {
  const { name, error, parked, previous } = projection;
  const [asking, setAsking] = useState(false);
  const action = useAction(async (work: () => Promise<unknown>, done: string) => {
    await work();
    cache.invalidate(["/admin"]);
    showToast(done);
  });
  const busy = action.busy || isUnderWay(projection.rebuild);

  return (
    <>
      <div className="actions">
        {(error !== null || parked > 0) && name !== "unrecognised" && (
          <Button aria-label={`Try again what ${name} could not take`} disabled={busy} onClick={() => void action.run(() => retry(name), `${name} tries again`)}>
            Retry
          </Button>
        )}
        {previous && (
          <Button aria-label={`Roll back ${name}`} disabled={busy} onClick={() => setAsking(true)}>
            Roll back
          </Button>
        )}
        <Button aria-label={`Rebuild ${name}`} disabled={busy} onClick={() => void action.run(() => rebuild(name), `${name} will be rebuilt`)}>
          Rebuild
        </Button>
      </div>
      {action.error && (
        <p className="bad" role="alert">
          {action.error.message}
        </p>
      )}
      {asking && previous && (
        <Dialog
          title={`Return to the earlier tables of ${name}?`}
          confirm="Roll back"
          onConfirm={() => {
            setAsking(false);
            void action.run(() => rollBack(name), `${name} was rolled back`);
          }}
          onClose={() => setAsking(false)}
        >
          <p>
            They stand at position {formatNumber(previous.position)} and catch up first. The tables that are live now are kept in their place,
            so this can be undone. The earlier ones are kept until {formatTime(previous.keptUntil)}.
          </p>
        </Dialog>
      )}
    </>
  );
}
