import assert from "node:assert/strict";
import { test } from "node:test";
import { describe, describeBytes, describeLikeness } from "./describe";

const same = {
  method: "picture" as const, width: 640, height: 480, otherWidth: 640, otherHeight: 480, alignment: "whole" as const,
  lighter: 0, changedShare: 0, regions: [],
};

test("two pictures that look the same are called so", () => {
  assert.equal(describe(same), "The same picture to the eye: compressed or written another way.");
  assert.equal(describe({ ...same, lighter: 0.01, otherWidth: 641 }), "The same picture to the eye: compressed or written another way.");
});

test("each difference is named once", () => {
  assert.equal(
    describe({ ...same, otherWidth: 320, otherHeight: 240, alignment: "outer", lighter: -0.2, changedShare: 0.05 }),
    "The same picture, but smaller (50\u00a0%), cut off at its edges, darker, 5\u00a0% of the area differs.",
  );
});

test("what is the same but for how it is written is not called alike", () => {
  const member = { digest: "sha256:00", size: 1, score: 1, copies: 1, files: [] };
  assert.equal(describeLikeness({ ...member, likeness: "same-content" }), "same content");
  assert.equal(describeLikeness({ ...member, score: 0.914, likeness: "similar-text" }), "91\u00a0% alike");
});

test("bytes are told as new and gone", () => {
  const evidence = { method: "bytes" as const, size: 200_000, otherSize: 210_000, commonBytes: 190_000, otherCommonBytes: 190_000, runs: [], otherRuns: [] };
  const plain = (text: string) => text.split("\u00a0").join(" ");
  assert.equal(plain(describeBytes(evidence)), "190 kB of 200 kB are in both; 20 kB are new, 10 kB are gone.");
  assert.equal(describeBytes({ ...evidence, commonBytes: 200_000, otherCommonBytes: 210_000 }), "The same parts, in another order or number.");
});
