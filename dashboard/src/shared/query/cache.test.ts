import { test } from "node:test";
import assert from "node:assert/strict";
import { ApiError } from "shared/api/problem";
import { isUnder, QueryCache } from "./cache";

/** A query whose fetches the test answers by hand. */
function manual(key: string) {
  const calls: { resolve: (value: number) => void; reject: (error: unknown) => void }[] = [];
  const fetch = () => new Promise<number>((resolve, reject) => calls.push({ resolve, reject }));
  return { query: { key, fetch }, calls };
}

/** Waits for a condition that promises and coalescing timers bring about, with a deadline. */
async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error("the condition did not come true within 5 s");
    await new Promise((resolve) => setImmediate(resolve));
  }
}
declare function setImmediate(run: (value: void) => void): void;

test("a path covers its questions and its resources, and no longer word", () => {
  assert(isUnder("/files", "/files"));
  assert(isUnder("/files?state=live", "/files"));
  assert(isUnder("/files/7", "/files"));
  assert(isUnder("/jobs?limit=5", "/"));
  assert.equal(isUnder("/filesystem", "/files"), false);
  assert.equal(isUnder("/jobs", "/files"), false);
});

test("equal questions share one fetch", () => {
  const cache = new QueryCache();
  const { query, calls } = manual("/savings");
  assert.equal(cache.answer(query), cache.answer({ ...query }));
  assert.equal(calls.length, 1);
});

test("an invalidated answer that is looked at is fetched again and keeps its old data meanwhile", async () => {
  const cache = new QueryCache();
  const { query, calls } = manual("/savings");
  const answer = cache.answer(query);
  cache.retain("/savings");
  calls[0]!.resolve(1);
  await until(() => answer.get().data === 1);
  cache.invalidate(["/savings"]);
  await until(() => calls.length === 2);
  assert.deepEqual(answer.get(), { data: 1, fetching: true });
  calls[1]!.resolve(2);
  await until(() => answer.get().data === 2);
});

test("a change during a fetch causes one more fetch", async () => {
  const cache = new QueryCache();
  const { query, calls } = manual("/jobs");
  cache.answer(query);
  cache.retain("/jobs");
  let flushed = false;
  const probe = manual("/probe");
  const probed = cache.answer(probe.query);
  cache.retain("/probe");
  probe.calls[0]!.resolve(0);
  await until(() => probed.get().fetching === false);
  cache.invalidate(["/jobs", "/probe"]);
  await until(() => (flushed = probe.calls.length === 2)); // both were handed on together
  assert(flushed);
  assert.equal(calls.length, 1);
  calls[0]!.resolve(1);
  await until(() => calls.length === 2);
});

test("an answer nobody looks at is forgotten when it changes", async () => {
  const cache = new QueryCache();
  const { query, calls } = manual("/files");
  const first = cache.answer(query);
  calls[0]!.resolve(1);
  await until(() => first.get().data === 1);
  cache.invalidate(["/files"]);
  await until(() => cache.answer(query) !== first);
  assert.equal(calls.length, 2);
});

test("an old answer is asked again when somebody looks again, a fresh one is not", async () => {
  let now = 0;
  const cache = new QueryCache(() => now);
  const { query, calls } = manual("/admin/users");
  const answer = cache.answer(query);
  const release = cache.retain("/admin/users");
  calls[0]!.resolve(1);
  await until(() => answer.get().data === 1);
  release();
  now = 4_000;
  cache.retain("/admin/users")();
  assert.equal(calls.length, 1);
  now = 6_000;
  cache.retain("/admin/users");
  assert.equal(calls.length, 2);
});

test("an error is kept beside the data that was there", async () => {
  const cache = new QueryCache();
  const { query, calls } = manual("/files");
  const answer = cache.answer(query);
  calls[0]!.resolve(1);
  await until(() => answer.get().data === 1);
  cache.retry("/files");
  calls[1]!.reject(ApiError.from(404, "", null));
  await until(() => answer.get().error !== undefined);
  assert.equal(answer.get().data, 1);
  assert.equal(answer.get().error!.status, 404);
});
