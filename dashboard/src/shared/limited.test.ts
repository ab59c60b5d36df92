import { test } from "node:test";
import assert from "node:assert/strict";
import { forEachLimited } from "./limited";

test("at most the limit run at once, and results keep their order", async () => {
  let running = 0;
  let most = 0;
  const results = await forEachLimited([5, 4, 3, 2, 1], 2, async (value) => {
    most = Math.max(most, (running += 1));
    for (let turn = 0; turn < value; turn += 1) await Promise.resolve();
    running -= 1;
    return value * 10;
  });
  assert.equal(most, 2);
  assert.deepEqual(results.map((result) => result.status === "fulfilled" && result.value), [50, 40, 30, 20, 10]);
});

test("one failure stops none of the others", async () => {
  const results = await forEachLimited([1, 2, 3], 1, async (value) => {
    if (value === 2) throw new Error("two");
    return value;
  });
  assert.deepEqual(results.map((result) => result.status), ["fulfilled", "rejected", "fulfilled"]);
});
