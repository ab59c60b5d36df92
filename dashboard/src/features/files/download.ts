import { fileContent, type StoredFile } from "shared/api/files";
import { splitPath } from "shared/format/text";

/** Larger files go straight to disk where the browser can; a blob is held by the browser until it is saved. */
const STREAM_ABOVE = 256_000_000;

interface SaveFilePicker {
  showSaveFilePicker?: (options: { suggestedName: string }) => Promise<{ createWritable(): Promise<WritableStream<Uint8Array>> }>;
}

/** Saves a file's content. A plain link cannot carry the access token, so the page fetches the bytes itself. */
export async function download(file: StoredFile): Promise<void> {
  const [, suggestedName] = splitPath(file.path);
  const { showSaveFilePicker } = window as SaveFilePicker;
  if (file.size > STREAM_ABOVE && showSaveFilePicker) {
    // Asked first: a browser opens the picker only right after a click.
    const target = await showSaveFilePicker.call(window, { suggestedName });
    const { body } = await fileContent(file.id);
    await body?.pipeTo(await target.createWritable());
    return;
  }
  const url = URL.createObjectURL(await (await fileContent(file.id)).blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = suggestedName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
