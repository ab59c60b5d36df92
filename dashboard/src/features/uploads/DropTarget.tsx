import { useEffect, useState } from "react";
import { showToast } from "shared/ui/toastStore";
import { fromDrop } from "./entries";
import { uploader } from "./uploader";

/** Files of a dropped folder are queued in pieces, so that sending begins while a large folder is still being read. */
const PIECE = 100;

/** Makes the whole page take files and folders, and says so while something is dragged over it. */
export function DropTarget() {
  const [over, setOver] = useState(false);

  useEffect(() => {
    const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const listeners: Record<string, (event: DragEvent) => void> = {
      dragenter: (event) => carriesFiles(event) && setOver(true),
      dragover: (event) => carriesFiles(event) && event.preventDefault(),
      // Leaving one element for another is not leaving the page. Counting enters and leaves would not do: an element
      // that is drawn anew under the pointer is entered twice and left once.
      dragleave: (event) => carriesFiles(event) && event.relatedTarget === null && setOver(false),
      drop: (event) => {
        if (!event.dataTransfer || !carriesFiles(event)) return;
        event.preventDefault();
        setOver(false);
        void queue(event.dataTransfer.items);
      },
    };
    for (const [type, listener] of Object.entries(listeners)) window.addEventListener(type, listener as EventListener);
    return () => {
      for (const [type, listener] of Object.entries(listeners)) window.removeEventListener(type, listener as EventListener);
    };
  }, []);

  return over ? <div className="drop-over">Drop to send</div> : null;
}

async function queue(items: DataTransferItemList): Promise<void> {
  const unreadable: string[] = [];
  let piece = [];
  for await (const file of fromDrop(items, (path) => unreadable.push(path))) {
    piece.push(file);
    if (piece.length < PIECE) continue;
    uploader.add(piece);
    piece = [];
  }
  uploader.add(piece);
  if (unreadable.length > 0) {
    const rest = unreadable.length > 1 ? ` and ${unreadable.length - 1} more` : "";
    showToast(`${unreadable[0]}${rest} could not be read. Check the permissions and send again.`, { tone: "error" });
  }
}
