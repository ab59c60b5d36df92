import type { Decision } from "shared/api/duplicates";
import { formatTime } from "shared/format/text";
import { Button } from "shared/ui/Button";
import { Path } from "shared/ui/Path";
import { takeBack } from "./decisions";

/** Pairs that were said to be no duplicates, each with its way back. */
export function DecisionList({ decisions }: { decisions: Decision[] }) {
  return (
    <ul className="rows" aria-label="Said to be no duplicates">
      {decisions.map(({ id, dismissedAt, contents }) => (
        <li key={id} className="row" data-testid="decision">
          <div>
            {contents.map(({ digest, path }) => (
              <div key={digest}>{path === null ? <span className="muted">a file that is gone</span> : <Path path={path} />}</div>
            ))}
            <time className="muted num" dateTime={dismissedAt}>
              {formatTime(dismissedAt)}
            </time>
          </div>
          <Button onClick={() => void takeBack(id)}>Undo</Button>
        </li>
      ))}
    </ul>
  );
}
