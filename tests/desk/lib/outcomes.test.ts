import assert from "node:assert/strict";
import { test } from "node:test";

import { isOfLeftOut } from "../../../f/customers/import_desk__raw_app/lib/outcomes";

for (const [outcome, left] of [
  ["invalid", true],
  ["duplicate", true],
  ["rejected", true],
  ["failed", true],
  ["unknown", true],
  ["created", false],
  ["unchanged", false],
  ["warning", false],
] as const) {
  test(`rows that are ${outcome} ${left ? "were" : "were not"} left out`, () => {
    assert.equal(isOfLeftOut({ outcome }), left);
  });
}
