import { test } from "node:test";
import assert from "node:assert/strict";
import type { DuplicateGroup } from "shared/api/duplicates";
import { ApiError } from "shared/api/problem";
import { keepOne, type KeepOneCalls, undoKeepOne } from "./keepOne";

/** A server with one group of `count` live copies f0, f1, …, of which it shows the first 20. */
function serverWith(count: number, failing: string[] = []) {
  const copies = Array.from({ length: count }, (_, n) => ({ id: `f${n}`, path: `${n}.txt`, uploadedAt: "" }));
  const trash = new Set<string>();
  const live = () => copies.filter((file) => !trash.has(file.id));
  const calls: KeepOneCalls = {
    group: async (id) => {
      const files = live();
      if (files.length < 2) throw ApiError.from(404, "", null);
      const group: Partial<DuplicateGroup> = { id, copies: files.length, files: files.slice(0, 20) };
      return group as DuplicateGroup;
    },
    trash: async (id) => {
      if (failing.includes(id)) throw new Error(`no ${id}`);
      trash.add(id);
    },
    restore: async (id) => void trash.delete(id),
  };
  return { calls, live: () => live().map((file) => file.id) };
}

test("every copy but the kept one is trashed, also those that are not shown", async () => {
  const server = serverWith(65);
  const result = await keepOne("g", "f3", server.calls);
  assert.deepEqual(server.live(), ["f3"]);
  assert.equal(result.trashed.length, 64);
  assert.equal(result.failed, 0);
});

test("undo restores exactly what was trashed", async () => {
  const server = serverWith(30);
  const { trashed } = await keepOne("g", "f0", server.calls);
  await undoKeepOne(trashed, server.calls);
  assert.equal(server.live().length, 30);
});

test("a copy that cannot be trashed ends it, and what was trashed is told", async () => {
  const server = serverWith(65, ["f7"]);
  const result = await keepOne("g", "f0", server.calls);
  assert.equal(result.failed, 1);
  assert.equal(String(result.firstError), "Error: no f7");
  assert.equal(server.live().length, 65 - result.trashed.length);
});

test("nothing is trashed when the copy to keep is gone", async () => {
  const server = serverWith(5);
  await assert.rejects(keepOne("g", "gone", server.calls));
  assert.equal(server.live().length, 5);
});

test("a group that has dissolved meanwhile needs nothing", async () => {
  const server = serverWith(1);
  assert.deepEqual((await keepOne("g", "f0", server.calls)).trashed, []);
});
