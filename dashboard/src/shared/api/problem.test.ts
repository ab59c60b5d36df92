import { test } from "node:test";
import assert from "node:assert/strict";
import { ApiError, asApiError } from "./problem";

test("problem JSON gives its detail as the message", () => {
  const problem = { type: "urn:onefold:problem:quota-exceeded", title: "No room", status: 507, detail: "Free 2 MB first." };
  const error = ApiError.from(507, JSON.stringify({ ...problem, instance: "urn:onefold:request:r1" }), null);
  assert.equal(error.message, "Free 2 MB first.");
  assert.equal(error.requestId, "r1");
  assert.equal(error.isTransient, false);
});

test("an answer that is not problem JSON still gives a sentence", () => {
  const error = ApiError.from(502, "<html>Bad gateway</html>", "3");
  assert.equal(error.status, 502);
  assert.equal(error.retryAfter, 3);
  assert(error.message.includes("status 502"));
  assert.equal(error.isTransient, true);
});

test("of the conflicts only the crowded one may succeed later", () => {
  const conflict = (name: string) =>
    ApiError.from(409, JSON.stringify({ type: `urn:onefold:problem:${name}`, title: "Conflict", status: 409 }), null);
  assert.equal(conflict("conflict").isTransient, true);
  assert.equal(conflict("path-taken").isTransient, false);
});

test("a request without an answer is transient", () => {
  assert.equal(asApiError(new TypeError("Failed to fetch")).isTransient, true);
  assert.equal(asApiError(new RangeError("bug")).isTransient, false);
});
