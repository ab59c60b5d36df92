import { test } from "node:test";
import assert from "node:assert/strict";
import { formatDuration } from "./duration";

const plain = (seconds: number) => formatDuration(seconds).replace(/\u00a0/g, " ");

test("durations grow coarser as they grow longer", () => {
  assert.equal(plain(0.2), "1 s");
  assert.equal(plain(42), "42 s");
  assert.equal(plain(59.6), "1 min");
  assert.equal(plain(245), "4 min");
  assert.equal(plain(3_600), "1 h");
  assert.equal(plain(4_800), "1 h 20 min");
  assert.equal(plain(3 * 86_400), "3 d");
});

test("an unknown duration is not shown", () => {
  assert.equal(plain(Infinity), "");
  assert.equal(plain(NaN), "");
});
