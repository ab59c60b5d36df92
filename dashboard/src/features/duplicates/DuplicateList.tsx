import { useState } from "react";
import { type DuplicateGroup, duplicateGroup } from "shared/api/duplicates";
import { restoreFile, trashFile } from "shared/api/files";
import { asApiError } from "shared/api/problem";
import { formatBytes } from "shared/format/bytes";
import { plural } from "shared/format/text";
import { cache } from "shared/query/cache";
import { showToast } from "shared/ui/toastStore";
import { DuplicateRow } from "./DuplicateRow";
import { keepOne, type KeepOneCalls, type KeptOne, undoKeepOne } from "./keepOne";
import { KeepOneDialog } from "./KeepOneDialog";

const calls: KeepOneCalls = { group: (id) => duplicateGroup(id).fetch(), trash: trashFile, restore: restoreFile };

/** Duplicate groups as given, each with its way out: keep one copy, with undo. */
export function DuplicateList({ groups }: { groups: DuplicateGroup[] }) {
  const [asked, setAsked] = useState<DuplicateGroup>();

  async function keep(group: DuplicateGroup, keepId: string): Promise<void> {
    const result = await keepOne(group.id, keepId, calls);
    changed();
    setAsked(undefined);
    const { length } = result.trashed;
    const action = { label: "Undo", run: () => void bringBack(result) };
    if (length > 0) showToast(`Trashed ${plural(length, "copy", "copies")} · ${formatBytes(length * group.size)}`, { action });
    reportFailures(result, "trashed");
  }

  return (
    <>
      <ul className="groups" aria-label="Duplicate groups">
        {groups.map((group) => (
          <DuplicateRow key={group.id} group={group} onKeepOne={() => setAsked(group)} />
        ))}
      </ul>
      {asked && <KeepOneDialog group={asked} onKeep={(keepId) => keep(asked, keepId)} onClose={() => setAsked(undefined)} />}
    </>
  );
}

async function bringBack({ trashed }: KeptOne): Promise<void> {
  const result = await undoKeepOne(trashed, calls);
  changed();
  if (result.failed === 0) showToast(`Restored ${plural(result.trashed.length, "copy", "copies")}`);
  reportFailures(result, "restored");
}

function reportFailures({ failed, firstError }: KeptOne, done: string): void {
  if (failed === 0) return;
  const reason = asApiError(firstError).message;
  showToast(`${plural(failed, "copy", "copies")} could not be ${done}. ${reason}`, { tone: "error" });
}

function changed(): void {
  cache.invalidate(["/duplicates", "/files", "/savings", "/me"]);
}
