import { removeFile, restoreFile, type StoredFile, trashFile } from "shared/api/files";
import { asApiError } from "shared/api/problem";
import { cache } from "shared/query/cache";
import { showToast } from "shared/ui/toastStore";
import { download } from "./download";

/** Trashes at once, because it can be undone at once. */
export function trash(file: StoredFile): Promise<void> {
  return perform(async () => {
    await trashFile(file.id);
    showToast(`${file.path} is in the trash`, { action: { label: "Undo", run: () => void restore(file) } });
  });
}

export function restore(file: StoredFile): Promise<void> {
  return perform(async () => {
    await restoreFile(file.id);
    showToast(`${file.path} is back`);
  });
}

/** Removes for good; the caller has asked. */
export function remove(file: StoredFile): Promise<void> {
  return perform(async () => {
    await removeFile(file.id);
    showToast(`${file.path} was removed`);
  });
}

export function save(file: StoredFile): Promise<void> {
  return perform(() => download(file));
}

async function perform(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return; // the person closed the picker
    showToast(asApiError(error).message, { tone: "error" });
  } finally {
    cache.invalidate(["/files", "/duplicates", "/savings", "/me"]);
  }
}
