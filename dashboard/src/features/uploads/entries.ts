/** A file and the path it is sent under: its place in the folder that was dropped or chosen. */
export interface FileWithPath {
  file: File;
  path: string;
}

/** The files of an `<input type="file">`; with `webkitdirectory` each knows its place in the chosen folder. */
export function fromInput(files: FileList): FileWithPath[] {
  return Array.from(files, (file) => ({ file, path: file.webkitRelativePath || file.name }));
}

/**
 * The files of a drop, folders walked through. The entries must be taken before the drop event returns; this does it
 * before its first suspension. `unreadable` is told of what the browser refused to read.
 */
export async function* fromDrop(items: DataTransferItemList, unreadable: (path: string) => void): AsyncGenerator<FileWithPath> {
  const entries = Array.from(items, (item) => (item.kind === "file" ? item.webkitGetAsEntry() : null));
  const files = Array.from(items, (item) => item.getAsFile());
  for (const [index, entry] of entries.entries()) {
    const file = files[index];
    if (entry) yield* walk(entry, unreadable);
    else if (file) yield { file, path: file.name };
  }
}

async function* walk(entry: FileSystemEntry, unreadable: (path: string) => void): AsyncGenerator<FileWithPath> {
  const path = entry.fullPath.replace(/^\//, "");
  try {
    if (entry.isFile) {
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
      yield { file, path };
    } else {
      for await (const child of children(entry as FileSystemDirectoryEntry)) yield* walk(child, unreadable);
    }
  } catch {
    unreadable(path);
  }
}

async function* children(folder: FileSystemDirectoryEntry): AsyncGenerator<FileSystemEntry> {
  const reader = folder.createReader();
  for (;;) {
    // Browsers hand out a folder in pieces of 100; an empty piece is the end.
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return;
    for (const entry of batch) yield entry;
  }
}
