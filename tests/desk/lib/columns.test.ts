import assert from "node:assert/strict";
import { test } from "node:test";

import { columnKey, columnOf, custom, customName, isCustom, withField } from "../../../f/customers/import_desk__raw_app/lib/columns";
import type { PreviewColumn } from "../../../f/customers/import_desk__raw_app/types";

const column = (number: number, header: string, field: string): PreviewColumn => ({
  number, header, field, how: "name", reason: "", samples: [],
});
const name = column(1, "Name", "name");
const second = column(3, "Note", "custom: Note_2");
const nameless = column(4, "", "");
const email = column(5, "E-Mail", "email");
const columns = [name, column(2, "Note", "custom: Note"), second, nameless, email];

test("a column is named by its title, and by its place where another has the same, or it has none", () => {
  assert.deepEqual(
    columns.map((one) => columnKey(one, columns)),
    ["Name", "Note (column 2)", "Note (column 3)", "(column 4)", "E-Mail"],
  );
});

test("a choice is added to those that were made", () => {
  const next = withField({ Name: "name" }, columns, second, "notes");
  assert.deepEqual(next, { Name: "name", "Note (column 3)": "notes" });
});

test("a field that is taken over leaves its column out", () => {
  assert.deepEqual(withField({}, columns, nameless, "email", email), { "(column 4)": "email", "E-Mail": "" });
});

test("the column of a field is found, and that of none is none", () => {
  assert.equal(columnOf("name", columns), name);
  assert.equal(columnOf("city", columns), undefined);
  assert.equal(columnOf("", columns), undefined);
});

test("a custom field is told from ours", () => {
  assert.equal(customName(custom("Shoe size")), "Shoe size");
  assert.deepEqual([isCustom(custom("x")), isCustom("name"), isCustom("")], [true, false, false]);
});
