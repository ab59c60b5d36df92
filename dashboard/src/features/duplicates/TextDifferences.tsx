import type { Change, TextEvidence } from "shared/api/duplicates";
import { plural } from "shared/format/text";

/** The places at which a text differs from the other, in its own words. */
export function TextDifferences({ evidence: { changes, changeCount, commonWords } }: { evidence: TextEvidence }) {
  return (
    <>
      <p className="muted num">
        {changeCount === 0
          ? "Not a word differs: only letter case, spaces, punctuation or encoding."
          : `Differs in ${plural(changeCount, "place")}; ${plural(commonWords, "word")} in common.`}
      </p>
      <ol className="differences">
        {changes.map((change, index) => (
          <Place key={index} change={change} />
        ))}
      </ol>
      {changeCount > changes.length && <p className="muted num">and {plural(changeCount - changes.length, "more place")}</p>}
    </>
  );
}

function Place({ change }: { change: Change }) {
  return (
    <li data-testid="difference">
      {change.before && <span className="muted">…{change.before} </span>}
      {change.removed && <del>{change.removed}</del>} {change.added && <ins>{change.added}</ins>}
      {change.after && <span className="muted"> {change.after}…</span>}
    </li>
  );
}
