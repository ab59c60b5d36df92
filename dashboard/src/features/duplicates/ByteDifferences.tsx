import type { ByteEvidence, ByteRun } from "shared/api/duplicates";
import { formatBytes } from "shared/format/bytes";
import { describeBytes } from "./describe";

/** Both contents as strips from beginning to end, with what both have in one colour. */
export function ByteDifferences({ evidence }: { evidence: ByteEvidence }) {
  const longest = Math.max(evidence.size, evidence.otherSize);
  return (
    <>
      <p className="muted num">{describeBytes(evidence)}</p>
      <div className="strips">
        <Strip name="First" size={evidence.size} longest={longest} runs={evidence.runs} />
        <Strip name="This" size={evidence.otherSize} longest={longest} runs={evidence.otherRuns} />
      </div>
      <p className="muted strips-key">
        <i className="common" /> in both <i className="alone" /> in one alone
      </p>
    </>
  );
}

interface StripProps {
  name: string;
  size: number;
  longest: number;
  runs: ByteRun[];
}

function Strip({ name, size, longest, runs }: StripProps) {
  const alone = runs.filter((run) => !run.isCommon).length;
  return (
    <div className="strip">
      <span className="muted num">
        {name} · {formatBytes(size)}
      </span>
      <div
        role="img"
        aria-label={alone === 0 ? "all of it is in both" : `${alone} stretches are in this one alone`}
        style={{ width: `${(100 * size) / longest}%` }}
      >
        {runs.map((run) => (
          <i key={run.start} className={run.isCommon ? "common" : "alone"} style={{ flexGrow: run.bytes }} />
        ))}
      </div>
    </div>
  );
}
