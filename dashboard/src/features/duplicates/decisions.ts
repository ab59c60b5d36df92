import { undoDecision } from "shared/api/duplicates";
import { asApiError } from "shared/api/problem";
import { cache } from "shared/query/cache";
import { showToast } from "shared/ui/toastStore";

/** Two contents may be shown together again. */
export async function takeBack(id: string): Promise<void> {
  try {
    await undoDecision(id);
    showToast("They may be shown together again");
  } catch (error) {
    showToast(asApiError(error).message, { tone: "error" });
  }
  cache.invalidate(["/duplicates", "/decisions"]);
}
