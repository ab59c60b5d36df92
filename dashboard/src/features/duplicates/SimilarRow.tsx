import type { SimilarGroup, SimilarMember } from "shared/api/duplicates";
import { formatBytes } from "shared/format/bytes";
import { formatShare, plural } from "shared/format/text";
import { Button } from "shared/ui/Button";
import { Path } from "shared/ui/Path";
import { Face } from "./Face";
import { describeLikeness } from "./describe";

/** How many of the other contents are named in a list. */
const NAMED = 3;

/** One group: the content that the others resemble, and how much each has in common with it. */
export function SimilarRow({ group, onCompare }: { group: SimilarGroup; onCompare: () => void }) {
  const [first, ...others] = group.members;
  const path = first?.files[0]?.path;
  if (!first || path === undefined) return null;
  const unnamed = group.contents - 1 - Math.min(NAMED, others.length);
  return (
    <li className="group" data-testid="similar-group">
      <Face digest={first.digest} file={first.files[0]} />
      <div>
        <Path path={path} />
        {others.slice(0, NAMED).map((member) => (
          <Likeness key={member.digest} member={member} />
        ))}
        {unnamed > 0 && <div className="muted num">and {plural(unnamed, "more")}</div>}
        <div className="muted num">
          {plural(group.contents, "version")} · {formatBytes(first.size)} the first
        </div>
      </div>
      <div>
        <Button aria-label={`Compare what resembles ${path}`} onClick={onCompare}>
          Compare
        </Button>
      </div>
    </li>
  );
}

/** A bar that is as full as the content has in common with the first. */
function Likeness({ member }: { member: SimilarMember }) {
  return (
    <div className="likeness muted">
      <span className="bar" role="img" aria-label={describeLikeness(member)}>
        <i style={{ width: `${member.score * 100}%` }} />
      </span>
      <span className="num">{member.likeness === "same-content" ? "same" : formatShare(member.score)}</span>
      <span className="path">{member.files[0]?.path}</span>
    </div>
  );
}
