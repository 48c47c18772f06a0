import assert from "node:assert/strict";
import { test } from "node:test";

import { holdsReference } from "../../../f/customers/import_desk__raw_app/lib/references";

test("a text that names a secret is found wherever it stands, and no other text is taken for one", () => {
  for (const begin of ["$res:", "$var:", "$jsonvar:", "$encrypted:"]) {
    assert.ok(holdsReference({ alike: [{ column: 1, from: `${begin}f/a/b`, to: "Ada" }] }));
    assert.ok(!holdsReference({ mapping: { [`${begin}f/a/b`]: "name" }, cells: [` ${begin}f/a/b`, "$5", "", 7, null, undefined] }));
  }
});
