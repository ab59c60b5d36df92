import { test } from "node:test";
import assert from "node:assert/strict";
import { formatRoute, PAGES, parseRoute } from "./route";

test("an empty hash is the overview", () => {
  for (const hash of ["", "#", "#/"]) assert.deepEqual(parseRoute(hash), { page: "overview", query: {} });
});

test("a page and its query are read from the hash", () => {
  assert.deepEqual(parseRoute("#/files?state=trashed&prefix=a%2Fb"), {
    page: "files",
    query: { state: "trashed", prefix: "a/b" },
  });
});

test("a question mark inside the query belongs to the query", () => {
  assert.equal(parseRoute("#/files?prefix=what?").query.prefix, "what?");
});

test("an unknown page is not found", () => {
  assert.equal(parseRoute("#/nothing").page, "notFound");
  assert.equal(parseRoute("#/files/extra").page, "notFound");
});

test("formatting and parsing are inverse", () => {
  for (const page of PAGES) {
    const query = { prefix: "a/b c&d?é", state: "live" };
    assert.deepEqual(parseRoute(formatRoute(page, query)), { page, query });
  }
  assert.equal(formatRoute("files", { prefix: "", state: undefined }), "#/files");
});
