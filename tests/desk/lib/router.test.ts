import assert from "node:assert/strict";
import { test } from "node:test";

import { formatRoute, parseRoute, STEPS } from "../../../f/customers/import_desk__raw_app/lib/router";

const id = "20261129-120000-0badcafe";

test("every step has an address that leads back to it", () => {
  for (const step of STEPS) {
    const route = { page: "draft", id, step } as const;
    assert.deepEqual(parseRoute(formatRoute(route)), route);
  }
});

test("a draft without a step finds its step later", () => {
  assert.deepEqual(parseRoute(`#/draft/${id}`), { page: "draft", id, step: "" });
  assert.deepEqual(parseRoute(`#/draft/${id}/`), { page: "draft", id, step: "" });
  assert.deepEqual(parseRoute(`#/draft/${id}/nonsense`), { page: "draft", id, step: "" });
});

for (const hash of ["", "#", "#/", "#/draft/", "#/draft/../x", "#/draft/<b>/rows", `#/draft/${id}/rows/more`, "#main"]) {
  test(`${JSON.stringify(hash)} is the start`, () => assert.deepEqual(parseRoute(hash), { page: "start" }));
}
