import type { DuplicateGroup } from "shared/api/duplicates";
import { formatBytes } from "shared/format/bytes";
import { plural } from "shared/format/text";
import { Button } from "shared/ui/Button";
import { Path } from "shared/ui/Path";
import { Face } from "./Face";

/** How many of the other copies are named in a list. */
const NAMED = 3;

/** One group: the copy that stays by default, the others, and what keeping one gives back. */
export function DuplicateRow({ group, onKeepOne }: { group: DuplicateGroup; onKeepOne: () => void }) {
  const [first, ...others] = group.files;
  if (!first) return null;
  const unnamed = group.copies - 1 - Math.min(NAMED, others.length);
  return (
    <li className="group" data-testid="duplicate-group">
      <Face digest={group.digest} file={first} />
      <div>
        <div>
          <span className="keep">keep</span> <Path path={first.path} />
        </div>
        {others.slice(0, NAMED).map((file) => (
          <div key={file.id} className="muted path">
            {file.path}
          </div>
        ))}
        {unnamed > 0 && <div className="muted num">and {plural(unnamed, "more copy", "more copies")}</div>}
        <div className="muted num">
          {plural(group.copies, "copy", "copies")} · {formatBytes(group.size)} each
        </div>
      </div>
      <div>
        <Button className="num" aria-label={`Keep one copy of ${first.path}`} onClick={onKeepOne}>
          Keep one · {formatBytes(group.reclaimableBytes)}
        </Button>
      </div>
    </li>
  );
}
