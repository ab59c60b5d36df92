import { test } from "node:test";
import assert from "node:assert/strict";
import { segments } from "./segments";

const bytes = { logicalBytes: 0, uniqueBytes: 0, storedBytes: 0, savedByDuplicates: 0, savedByCompression: 0 };
const nothing = { files: 0, position: 0, ...bytes };

test("the segments fill the bar", () => {
  const parts = segments({ ...nothing, storedBytes: 50, savedByCompression: 20, savedByDuplicates: 30 });
  assert.deepEqual(parts.map((part) => part.share), [0.5, 0.2, 0.3]);
});

test("identical parts are shown where they are known", () => {
  const parts = segments({ ...nothing, storedBytes: 40, savedByCompression: 20, savedByParts: 30, savedByDuplicates: 10, wastedBytes: 0 });
  assert.deepEqual(parts.map((part) => part.name), ["disk", "compression", "parts", "identical"]);
  assert.deepEqual(parts.map((part) => part.share), [0.4, 0.2, 0.3, 0.1]);
});

test("nothing stored draws nothing", () => {
  assert.deepEqual(segments(nothing).map((part) => part.share), [0, 0, 0]);
});
