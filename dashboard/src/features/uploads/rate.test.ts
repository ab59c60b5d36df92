import { test } from "node:test";
import assert from "node:assert/strict";
import { RateMeter } from "./rate";

test("no rate is given before there is a second to judge by", () => {
  const meter = new RateMeter();
  meter.note(0, 0);
  meter.note(500, 500);
  assert.equal(meter.bytesPerSecond, undefined);
});

test("a steady flow has its rate", () => {
  const meter = new RateMeter();
  for (let at = 0; at <= 4_000; at += 250) meter.note(at * 2, at);
  assert.equal(meter.bytesPerSecond, 2_000);
});

test("an old pace is forgotten", () => {
  const meter = new RateMeter(5_000);
  let bytes = 0;
  for (let at = 0; at <= 60_000; at += 500) meter.note((bytes += at < 30_000 ? 50_000 : 500), at);
  const rate = meter.bytesPerSecond!;
  assert(rate > 900 && rate < 1_200, `${rate}`);
});
