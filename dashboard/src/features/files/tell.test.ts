import { test } from "node:test";
import assert from "node:assert/strict";
import type { HistoryEntry } from "shared/api/files";
import { tell } from "./tell";

const entry = (type: string, data: Record<string, unknown> = {}, other: HistoryEntry["other"] = null): HistoryEntry => ({
  position: 1,
  at: "2026-01-31T12:00:00.000Z",
  type,
  data,
  other,
});

test("a replaced file names what took its place", () => {
  const told = tell(entry("file.trashed", { reason: "replaced" }, { id: "1", path: "a/b.txt" }));
  assert.deepEqual(told, { title: "Replaced", detail: "By a newer upload to a/b.txt" });
  assert.equal(tell(entry("file.trashed", { reason: "deleted" })).title, "Moved to the trash");
});

test("a match names the other file, if it is still known", () => {
  assert.equal(tell(entry("duplicates.exactMatched", {}, { id: "1", path: "a.txt" })).detail, "Same bytes as a.txt");
  assert.equal(tell(entry("duplicates.exactMatched")).detail, "Same bytes as another of your files");
});

test("an event this page does not know is shown by its type", () => {
  assert.deepEqual(tell(entry("file.renamed")), { title: "file.renamed" });
});
