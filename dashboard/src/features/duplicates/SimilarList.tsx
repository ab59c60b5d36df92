import { useState } from "react";
import { dismiss, type SimilarGroup, type SimilarMember } from "shared/api/duplicates";
import { restoreFile, trashFile } from "shared/api/files";
import { plural } from "shared/format/text";
import { cache } from "shared/query/cache";
import { showToast } from "shared/ui/toastStore";
import { CompareDrawer } from "./CompareDrawer";
import { takeBack } from "./decisions";
import { SimilarRow } from "./SimilarRow";

/** Groups of similar contents as given; each opens beside the page to be compared. */
export function SimilarList({ groups }: { groups: SimilarGroup[] }) {
  const [openId, setOpenId] = useState<string>();
  const open = groups.find((group) => group.id === openId);

  async function notADuplicate(group: SimilarGroup, member: SimilarMember): Promise<void> {
    const decision = await dismiss(group.id, member.digest, group.members[0]!.digest);
    cache.invalidate(["/duplicates", "/decisions"]);
    showToast("They will not be shown together again", { action: { label: "Undo", run: () => void takeBack(decision.id) } });
  }

  async function trash(member: SimilarMember): Promise<void> {
    const ids = member.files.map((file) => file.id);
    for (const id of ids) await trashFile(id);
    changedFiles();
    showToast(`Trashed ${plural(ids.length, "file")}`, { action: { label: "Undo", run: () => void bringBack(ids) } });
  }

  return (
    <>
      <ul className="groups" aria-label="Groups of similar files">
        {groups.map((group) => (
          <SimilarRow key={group.id} group={group} onCompare={() => setOpenId(group.id)} />
        ))}
      </ul>
      {open && (
        <CompareDrawer
          group={open}
          onDismiss={(member) => notADuplicate(open, member)}
          onTrash={trash}
          onClose={() => setOpenId(undefined)}
        />
      )}
    </>
  );
}

async function bringBack(ids: string[]): Promise<void> {
  for (const id of ids) await restoreFile(id);
  changedFiles();
  showToast(`Restored ${plural(ids.length, "file")}`);
}

function changedFiles(): void {
  cache.invalidate(["/duplicates", "/files", "/savings", "/me"]);
}
