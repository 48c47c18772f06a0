import assert from "node:assert/strict";
import { test } from "node:test";

import { asCorrections, undoing, withChanges } from "../../../f/customers/import_desk__raw_app/steps/rows/changes";
import type { DeskRow } from "../../../f/customers/import_desk__raw_app/types";

const row: DeskRow = {
  line: 9,
  cells: ["Ada", "ada@@example.com"],
  state: "invalid",
  problems: [{ code: "invalid_email", column: 2, message: "", hint: "", suggestion: "ada@example.com" }],
  changed: [],
};

test("a change shows before the server has answered, and what was found of the old text goes", () => {
  const seen = withChanges(row, [{ kind: "cell", line: 9, column: 2, value: "ada@example.com" }]);
  assert.deepEqual([seen.cells, seen.problems, seen.changed], [["Ada", "ada@example.com"], [], [2]]);
  assert.equal(withChanges(row, [{ kind: "exclude", line: 9 }]).state, "excluded");
  assert.equal(withChanges(row, [{ kind: "exclude", line: 9 }, { kind: "include", line: 9 }]).state, "invalid");
  assert.deepEqual(row.cells[1], "ada@@example.com", "the row itself stays as it came");
});

test("of several changes of one cell the last is sent", () => {
  const cell = (value: string) => ({ kind: "cell" as const, line: 9, column: 2, value });
  assert.deepEqual(asCorrections([cell("a"), cell("b")]), { cells: [{ line: 9, column: 2, value: "b" }] });
  assert.deepEqual(asCorrections([{ kind: "exclude", line: 9 }, { kind: "exclude", line: 12 }]), { exclude: [9, 12] });
  assert.deepEqual(asCorrections([{ kind: "alike", column: 2, from: "", to: "x" }]), { alike: [{ column: 2, from: "", to: "x" }] });
});

test("a step back makes a row what it was: as in the file, or as a person had changed it before", () => {
  const step = { line: 9, column: 2, before: "ada@@example.com", kind: "cell" as const };
  assert.deepEqual(undoing({ ...step, changedBefore: false }), { kind: "undo", line: 9 });
  assert.deepEqual(undoing({ ...step, changedBefore: true }), { kind: "cell", line: 9, column: 2, value: "ada@@example.com" });
  assert.deepEqual(undoing({ ...step, kind: "exclude", changedBefore: true }), { kind: "include", line: 9 });
  const together = { reason: "invalid_email", id: "s1" };
  assert.deepEqual(undoing({ kind: "together", together }), { kind: "again", together });
});
