import type { Rebuild } from "shared/api/projections";
import { formatDuration } from "shared/format/duration";
import { formatNumber, formatPercent, formatTime, plural } from "shared/format/text";
import { Progress } from "shared/ui/Progress";

/** How far the rebuild of a projection is, or how the last one ended. */
export function RebuildState({ name, rebuild }: { name: string; rebuild: Rebuild }) {
  switch (rebuild.state) {
    case "done":
      return <p className="muted">{outcome(rebuild)}</p>;
    case "failed":
      return <p className="bad">The last rebuild failed: {rebuild.error}</p>;
    default:
      return (
        <div className="rebuild">
          <Progress label={`Rebuild of ${name}`} value={share(rebuild)} max={1} />
          <p className="muted num">{step(rebuild)}</p>
        </div>
      );
  }
}

/** Indexing and comparing come after the last event. */
function share({ state, position, target }: Rebuild): number {
  if (state === "indexing" || state === "comparing") return 1;
  return target > 0 ? position / target : 0;
}

function step(rebuild: Rebuild): string {
  switch (rebuild.state) {
    case "requested":
      return "waits for a process to begin it";
    case "indexing":
      return "making indexes";
    case "comparing":
      return "comparing with the live tables";
    default: {
      const left = rebuild.secondsLeft === null ? "" : ` · ${formatDuration(rebuild.secondsLeft)} left`;
      return `${formatPercent(rebuild.position, rebuild.target)} · ${formatNumber(rebuild.eventsPerSecond)} events/s${left}`;
    }
  }
}

function outcome({ finishedAt, rows, differing }: Rebuild): string {
  const comparison =
    differing === null ? "there was nothing to compare with" : differing === 0 ? "equal to what was live" : `${plural(differing, "row")} differed`;
  return `Rebuilt ${formatTime(finishedAt ?? "")}: ${plural(rows ?? 0, "row")}, ${comparison}`;
}
