import { useState } from "react";
import type { DuplicateGroup } from "shared/api/duplicates";
import { groupSavings } from "shared/api/savings";
import { formatBytes } from "shared/format/bytes";
import { plural } from "shared/format/text";
import { useQuery } from "shared/query/useQuery";
import { Dialog } from "shared/ui/Dialog";
import { ErrorNotice } from "shared/ui/Notice";
import { Path } from "shared/ui/Path";
import { useAction } from "shared/ui/useAction";

interface Props {
  group: DuplicateGroup;
  onKeep: (keepId: string) => Promise<void>;
  onClose: () => void;
}

/** Asks which copy stays; the oldest is proposed. */
export function KeepOneDialog({ group, onKeep, onClose }: Props) {
  const [keepId, setKeepId] = useState(group.files[0]?.id ?? "");
  const keep = useAction(onKeep);
  const savings = useQuery(groupSavings(group.id));
  const unnamed = group.copies - group.files.length;

  return (
    <Dialog
      title="Keep one copy"
      confirm={`Trash ${plural(group.copies - 1, "copy", "copies")}`}
      busy={keep.busy}
      onConfirm={() => void keep.run(keepId)}
      onClose={onClose}
    >
      <p className="muted num">
        The other copies, {formatBytes(group.reclaimableBytes)} together, go to the trash, from where they can be restored.
        {savings.data && ` Your quota counts each copy; on disk all of them take ${formatBytes(savings.data.storedBytes)}, once.`}
      </p>
      {keep.error && <ErrorNotice error={keep.error} />}
      <fieldset className="choices">
        <legend>Keep</legend>
        {group.files.map((file) => (
          <label key={file.id} className="choice">
            <input type="radio" name="keep" value={file.id} checked={file.id === keepId} onChange={() => setKeepId(file.id)} />
            <Path path={file.path} />
          </label>
        ))}
        {unnamed > 0 && <p className="muted num">and {plural(unnamed, "more copy", "more copies")}, which go to the trash</p>}
      </fieldset>
    </Dialog>
  );
}
