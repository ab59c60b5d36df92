import type { HistoryEntry } from "shared/api/files";
import { formatBytes } from "shared/format/bytes";

/** An event of a file's life in words. */
export function tell({ type, data, other }: HistoryEntry): { title: string; detail?: string } {
  switch (type) {
    case "file.uploaded":
      return { title: "Uploaded", detail: `${data["path"]}, ${bytes(data["size"])}` };
    case "file.trashed":
      if (data["reason"] === "replaced") {
        return { title: "Replaced", detail: other ? `By a newer upload to ${other.path}` : "By a newer upload to this path" };
      }
      return { title: "Moved to the trash" };
    case "file.restored":
      return { title: "Restored" };
    case "file.removed":
      return { title: "Removed for good" };
    case "duplicates.exactMatched":
      return { title: "Found to be a duplicate", detail: other ? `Same bytes as ${other.path}` : "Same bytes as another of your files" };
    case "job.succeeded":
      return { title: "Settled", detail: `Kept in ${bytes(data["storedBytes"])}` };
    case "job.failed":
      return { title: `Attempt ${data["attempt"]} to settle it failed`, detail: String(data["reason"]) };
    case "job.deadLettered":
      return { title: "Given up on settling it", detail: String(data["reason"]) };
    default:
      return { title: type }; // of a server that is newer than this page
  }
}

const bytes = (value: unknown) => formatBytes(Number(value));
