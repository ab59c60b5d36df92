import { useState } from "react";
import { type SimilarGroup, type SimilarMember, similarGroup } from "shared/api/duplicates";
import { formatBytes } from "shared/format/bytes";
import { plural } from "shared/format/text";
import { useListQuery } from "shared/query/useQuery";
import { Button } from "shared/ui/Button";
import { Drawer } from "shared/ui/Drawer";
import { ErrorNotice } from "shared/ui/Notice";
import { Path } from "shared/ui/Path";
import { useAction } from "shared/ui/useAction";
import { Differences } from "./Differences";
import { describeLikeness } from "./describe";

interface Props {
  /** As the list has it: all of it is asked for. */
  group: SimilarGroup;
  onDismiss: (member: SimilarMember) => Promise<void>;
  onTrash: (member: SimilarMember) => Promise<void>;
  onClose: () => void;
}

/** The first content, and beside it one after another of those that resemble it. */
export function CompareDrawer({ group, onDismiss, onTrash, onClose }: Props) {
  const { data = group } = useListQuery(similarGroup(group.id));
  const [first, ...others] = data.members;
  const [chosen, setChosen] = useState<string>();
  const member = others.find(({ digest }) => digest === chosen) ?? others[0];
  if (!first || !member) return null;
  return (
    <Drawer title="Compare" onClose={onClose}>
      <p>
        <Path path={first.files[0]?.path ?? ""} />
        <span className="muted num"> {formatBytes(first.size)}</span>
      </p>
      {others.length > 1 && (
        <label className="field">
          <span className="muted num">{plural(others.length, "file resembles", "files resemble")} it</span>
          <select value={member.digest} onChange={(event) => setChosen(event.target.value)}>
            {others.map((other) => (
              <option key={other.digest} value={other.digest}>
                {describeLikeness(other)} · {other.files[0]?.path}
              </option>
            ))}
          </select>
        </label>
      )}
      <Comparison key={member.digest} group={data} first={first} member={member} onDismiss={onDismiss} onTrash={onTrash} />
    </Drawer>
  );
}

interface ComparisonProps extends Pick<Props, "group" | "onDismiss" | "onTrash"> {
  first: SimilarMember;
  member: SimilarMember;
}

function Comparison({ group, first, member, onDismiss, onTrash }: ComparisonProps) {
  const dismiss = useAction(onDismiss);
  const trash = useAction(onTrash);
  const error = dismiss.error ?? trash.error;
  const busy = dismiss.busy || trash.busy;
  return (
    <section aria-label={`Compared with ${member.files[0]?.path}`}>
      <p className="compared">
        <Path path={member.files[0]?.path ?? ""} />
        <span className="muted num">
          {" "}
          {formatBytes(member.size)} · {describeLikeness(member)}
          {member.copies > 1 && ` · ${plural(member.copies, "copy", "copies")}`}
        </span>
      </p>
      <Differences groupId={group.id} first={first} member={member} />
      {error && <ErrorNotice error={error} />}
      <div className="compare-actions">
        <Button disabled={busy} onClick={() => void dismiss.run(member)}>
          Not a duplicate
        </Button>
        <Button disabled={busy} onClick={() => void trash.run(member)}>
          Trash this one
        </Button>
      </div>
    </section>
  );
}
