import { test } from "node:test";
import assert from "node:assert/strict";
import { formatBytes, parseBytes } from "./bytes";

const plain = (bytes: number) => formatBytes(bytes).replace("\u00a0", " ");

test("bytes are shown in decimal units with at most one decimal", () => {
  assert.equal(plain(0), "0 B");
  assert.equal(plain(999), "999 B");
  assert.equal(plain(1_000), "1 kB");
  assert.equal(plain(8_440_000), "8.4 MB");
  assert.equal(plain(118_200_000_000), "118.2 GB");
});

test("rounding carries into the next unit", () => {
  assert.equal(plain(999_949), "999.9 kB");
  assert.equal(plain(999_950), "1 MB");
});

test("a negative amount keeps its sign and the largest unit has no end", () => {
  assert.equal(plain(-1_500), "−1.5 kB");
  assert.equal(plain(5e18), "5,000 PB");
});

test("what a person types is read back as bytes", () => {
  assert.equal(parseBytes("200 GB"), 200e9);
  assert.equal(parseBytes("1.5tb"), 1.5e12);
  assert.equal(parseBytes("1,024"), 1024);
  assert.equal(parseBytes(plain(118_200_000_000)), 118_200_000_000);
});

test("text that is not an amount is refused", () => {
  for (const text of ["", "GB", "-1 GB", "12 apples", "1e400", "99999999 PB"]) assert.equal(parseBytes(text), undefined, text);
});
