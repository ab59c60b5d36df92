import { test } from "node:test";
import assert from "node:assert/strict";
import { Coalescer } from "./coalescer";

/** A clock that stands still until it is told; due work runs in order. */
function harness() {
  let now = 0;
  let timers: { at: number; run: () => void }[] = [];
  const flushes: { at: number; items: string[] }[] = [];
  const coalescer = new Coalescer<string>(
    (items) => flushes.push({ at: now, items: [...items].sort() }),
    50,
    1000,
    (run, milliseconds) => timers.push({ at: now + milliseconds, run }),
    () => now,
  );
  const advance = (to: number) => {
    for (const timer of timers.filter((timer) => timer.at <= to).sort((a, b) => a.at - b.at)) {
      timers = timers.filter((other) => other !== timer);
      now = timer.at;
      timer.run();
    }
    now = to;
  };
  return { coalescer, flushes, advance };
}

test("a lone item is handed on after the short delay", () => {
  const { coalescer, flushes, advance } = harness();
  coalescer.add(["files"]);
  advance(49);
  assert.equal(flushes.length, 0);
  advance(50);
  assert.deepEqual(flushes, [{ at: 50, items: ["files"] }]);
});

test("a burst is handed on once, without repeats", () => {
  const { coalescer, flushes, advance } = harness();
  for (let n = 0; n < 100; n += 1) coalescer.add(["files", "jobs"]);
  advance(2000);
  assert.deepEqual(flushes, [{ at: 50, items: ["files", "jobs"] }]);
});

test("a steady flow is handed on once per interval and its end is not lost", () => {
  const { coalescer, flushes, advance } = harness();
  for (let at = 0; at <= 2000; at += 10) {
    advance(at);
    coalescer.add([`${at}`]);
  }
  advance(5000);
  assert.deepEqual(flushes.map((flush) => flush.at), [50, 1050, 2050]);
  assert(flushes[2]!.items.includes("2000"));
});

test("nothing to hand on schedules nothing", () => {
  const { coalescer, flushes, advance } = harness();
  coalescer.add([]);
  advance(5000);
  assert.equal(flushes.length, 0);
});
