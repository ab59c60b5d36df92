import { test } from "node:test";
import assert from "node:assert/strict";
import { extension, formatPercent, plural, splitPath } from "./text";

test("a count agrees with its noun", () => {
  assert.equal(plural(1, "copy", "copies"), "1 copy");
  assert.equal(plural(1519, "group"), "1,519 groups");
});

test("only nothing is 0 % and only everything is 100 %", () => {
  assert.equal(formatPercent(999, 1000), "99\u00a0%");
  assert.equal(formatPercent(1000, 1000), "100\u00a0%");
  assert.equal(formatPercent(1, 1000), "under 1\u00a0%");
  assert.equal(formatPercent(0, 1000), "0\u00a0%");
  assert.equal(formatPercent(1, 0), "0\u00a0%");
});

test("a path splits into folder and name", () => {
  assert.deepEqual(splitPath("photos/2024/a.jpg"), ["photos/2024/", "a.jpg"]);
  assert.deepEqual(splitPath("a.jpg"), ["", "a.jpg"]);
});

test("an extension is short and belongs to the name", () => {
  assert.equal(extension("a/b.tar.gz"), "GZ");
  assert.equal(extension("dir.d/file"), "");
  assert.equal(extension("a/.gitignore"), "");
});
