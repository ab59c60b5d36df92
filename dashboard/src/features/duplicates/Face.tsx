import type { DuplicateCopy } from "shared/api/duplicates";
import { extension, isPicture } from "shared/format/text";
import { Preview } from "shared/ui/Preview";
import { Stack } from "./Stack";

/** What a group is recognised by: the picture, where it is one; else two sheets in a colour of its own. */
export function Face({ digest, file }: { digest: string; file: DuplicateCopy | undefined }) {
  const stack = <Stack digest={digest} label={extension(file?.path ?? "")} />;
  if (!file || !isPicture(file.path)) return stack;
  return (
    <div className="face">
      <Preview fileId={file.id} side={160} alt="" fallback={stack} />
    </div>
  );
}
