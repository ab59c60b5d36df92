import type { DuplicateCopy, DuplicateGroup } from "shared/api/duplicates";
import { asApiError } from "shared/api/problem";
import { forEachLimited } from "shared/limited";

/** The calls that keeping one copy needs; the API's own in the page. */
export interface KeepOneCalls {
  /** The group as it is after this page's own writes; a 404 once fewer than two copies are left. */
  group: (id: string) => Promise<DuplicateGroup>;
  trash: (fileId: string) => Promise<unknown>;
  restore: (fileId: string) => Promise<unknown>;
}

export interface KeptOne {
  trashed: DuplicateCopy[];
  failed: number;
  firstError: unknown;
}

const AT_ONCE = 4;

/**
 * Trashes every copy but `keepId`. A group is answered with its first copies only, so it is read again until no other
 * copy is left; and before the first step, because what the page shows may be older. Stops at the first failure.
 */
export async function keepOne(groupId: string, keepId: string, calls: KeepOneCalls): Promise<KeptOne> {
  const trashed: DuplicateCopy[] = [];
  for (;;) {
    const group = await currentGroup(groupId, calls);
    const files = group?.files ?? [];
    const others = files.filter((file) => file.id !== keepId);
    // The copies come in a fixed order, so the one to keep is among the first each time, or gone.
    if (others.length > 0 && others.length === files.length) {
      throw new Error("The copy to keep is no longer there. Choose another one.");
    }
    const round = tally(others, await forEachLimited(others, AT_ONCE, (file) => calls.trash(file.id)));
    trashed.push(...round.trashed);
    const isDone = !group || others.length === 0 || group.copies - others.length <= 1;
    if (round.failed > 0 || isDone) return { ...round, trashed };
  }
}

/** Brings trashed copies back. */
export async function undoKeepOne(trashed: DuplicateCopy[], calls: KeepOneCalls): Promise<KeptOne> {
  return tally(trashed, await forEachLimited(trashed, AT_ONCE, (file) => calls.restore(file.id)));
}

async function currentGroup(groupId: string, calls: KeepOneCalls): Promise<DuplicateGroup | undefined> {
  try {
    return await calls.group(groupId);
  } catch (error) {
    if (asApiError(error).status === 404) return undefined;
    throw error;
  }
}

function tally(files: DuplicateCopy[], results: PromiseSettledResult<unknown>[]): KeptOne {
  const rejected = results.filter((result): result is PromiseRejectedResult => result.status === "rejected");
  return {
    trashed: files.filter((_, index) => results[index]!.status === "fulfilled"),
    failed: rejected.length,
    firstError: rejected[0]?.reason,
  };
}
