import assert from "node:assert/strict";
import { test } from "node:test";

import { commandOf, editCommandOf, type Cell, type Key } from "../../../f/customers/import_desk__raw_app/lib/keyboard";

const bounds = { rows: 1000, columns: 5, page: 20 };
const key = (text: string): Key => {
  const parts = text.split("-");
  return {
    key: parts[parts.length - 1] ?? "",
    ctrl: parts.includes("ctrl"),
    shift: parts.includes("shift"),
    alt: parts.includes("alt"),
  };
};

const moves: [string, Cell, Cell][] = [
  ["ArrowDown", { row: 0, column: 2 }, { row: 1, column: 2 }],
  ["ArrowDown", { row: 999, column: 2 }, { row: 999, column: 2 }],
  ["ArrowUp", { row: 0, column: 2 }, { row: 0, column: 2 }],
  ["ArrowRight", { row: 7, column: 4 }, { row: 7, column: 4 }],
  ["ArrowLeft", { row: 7, column: 4 }, { row: 7, column: 3 }],
  ["Home", { row: 7, column: 4 }, { row: 7, column: 0 }],
  ["End", { row: 7, column: 1 }, { row: 7, column: 4 }],
  ["ctrl-Home", { row: 7, column: 4 }, { row: 0, column: 0 }],
  ["ctrl-End", { row: 7, column: 1 }, { row: 999, column: 4 }],
  ["ctrl-ArrowDown", { row: 7, column: 1 }, { row: 999, column: 1 }],
  ["PageDown", { row: 0, column: 1 }, { row: 19, column: 1 }],
  ["PageUp", { row: 5, column: 1 }, { row: 0, column: 1 }],
];
for (const [pressed, at, to] of moves) {
  test(`${pressed} goes from ${at.row},${at.column} to ${to.row},${to.column}`, () => {
    assert.deepEqual(commandOf(key(pressed), at, bounds), { do: "move", to });
  });
}

const at = { row: 3, column: 4 };
const commands: [string, unknown][] = [
  ["Enter", { do: "edit", typed: null }],
  ["F2", { do: "edit", typed: null }],
  ["x", { do: "edit", typed: "x" }],
  ["shift-É", { do: "edit", typed: "É" }],
  ["😀", { do: "edit", typed: "😀" }],
  [" ", { do: "accept" }],
  ["shift- ", { do: "alike" }],
  ["Delete", { do: "exclude" }],
  ["ctrl-z", { do: "undo" }],
  ["F8", { do: "next", step: 1 }],
  ["shift-F8", { do: "next", step: -1 }],
  ["Tab", null],
  ["Escape", null],
  ["Shift", null],
  ["ctrl-c", null],
  ["ctrl-shift-z", null],
  ["alt-x", null],
  ["alt-ArrowLeft", null],
];
for (const [pressed, command] of commands) {
  test(`on a cell, ${pressed} means ${JSON.stringify(command)}`, () => {
    assert.deepEqual(commandOf(key(pressed), at, bounds), command);
  });
}

const edits: [string, Cell, unknown][] = [
  ["Enter", at, { do: "save", to: { row: 4, column: 4 } }],
  ["shift-Enter", at, { do: "save", to: { row: 2, column: 4 } }],
  ["Tab", at, { do: "save", to: { row: 4, column: 0 } }],
  ["shift-Tab", { row: 4, column: 0 }, { do: "save", to: { row: 3, column: 4 } }],
  ["Tab", { row: 999, column: 4 }, { do: "save", to: { row: 999, column: 4 } }],
  ["Escape", at, { do: "discard" }],
  ["a", at, null],
  ["ArrowLeft", at, null],
  ["alt-Enter", at, null],
];
for (const [pressed, from, command] of edits) {
  test(`in a field at ${from.row},${from.column}, ${pressed} means ${JSON.stringify(command)}`, () => {
    assert.deepEqual(editCommandOf(key(pressed), from, bounds), command);
  });
}

test("a table with no rows keeps the focus where it is", () => {
  const none = { rows: 0, columns: 0, page: 20 };
  assert.deepEqual(commandOf(key("ArrowDown"), { row: 0, column: 0 }, none), { do: "move", to: { row: 0, column: 0 } });
});
