import assert from "node:assert/strict";
import { test } from "node:test";

import {
  columnStarts,
  columnWidths,
  columnsInSight,
  rowsInSight,
  scrollToColumn,
  scrollToRow,
} from "../../../f/customers/import_desk__raw_app/lib/virtual";

const table = { total: 100_000, rowHeight: 36, viewport: 600, scrollTop: 0, overscan: 5 };

test("only the rows in sight are drawn, with some above and below", () => {
  assert.deepEqual(rowsInSight(table), { first: 0, end: 22, top: 0, height: 3_600_000 });
  assert.deepEqual(rowsInSight({ ...table, scrollTop: 36_000 }), {
    first: 995,
    end: 1022,
    top: 995 * 36,
    height: 3_600_000,
  });
});

test("the last row is reached, and scrolling further shows no row that is not there", () => {
  const end = rowsInSight({ ...table, scrollTop: 9e9 });
  assert.equal(end.end, 100_000);
  assert.ok(end.first > 99_970);
});

test("a table of no rows draws none", () => {
  assert.deepEqual(rowsInSight({ ...table, total: 0, scrollTop: 50 }), { first: 0, end: 0, top: 0, height: 0 });
});

test("a table higher than browsers draw is as high as they do, and every row of it can be reached", () => {
  const long = { ...table, total: 20_000_000 };
  const { height } = rowsInSight(long);
  assert.equal(height, 15_000_000);
  const end = rowsInSight({ ...long, scrollTop: height - long.viewport });
  assert.equal(end.end, 20_000_000);
  // The last row's lower edge is the body's lower edge.
  assert.ok(Math.abs(end.top + (end.end - end.first) * 36 - height) < 1);
  for (const row of [0, 1, 123_456, 9_999_999, 19_999_999]) {
    const scrollTop = scrollToRow(row, { ...long, scrollTop: 7_000_000 });
    const seen = rowsInSight({ ...long, scrollTop, overscan: 0 });
    assert.ok(seen.first <= row && row < seen.end, `row ${row}: ${JSON.stringify(seen)}`);
    const top = seen.top + (row - seen.first) * 36 - scrollTop;
    assert.ok(top > -0.01 && top + 36 < 600.01, `row ${row} stands at ${top}`);
  }
});

test("a row in sight is not scrolled to; one above or below comes to the edge", () => {
  assert.equal(scrollToRow(3, table), 0);
  assert.equal(scrollToRow(100, table), 101 * 36 - 600);
  assert.equal(scrollToRow(2, { ...table, scrollTop: 3600 }), 72);
});

test("of many columns only those in sight are drawn", () => {
  const starts = columnStarts(Array.from({ length: 500 }, () => 100));
  assert.deepEqual(columnsInSight(starts, 0, 1000, 1), { first: 0, end: 12 });
  assert.deepEqual(columnsInSight(starts, 20_000, 1000, 1), { first: 199, end: 212 });
  assert.deepEqual(columnsInSight(starts, 9e9, 1000, 1), { first: 499, end: 500 });
  assert.deepEqual(columnsInSight(columnStarts([]), 0, 1000, 1), { first: 0, end: 0 });
});

test("a column is brought into sight beside the pinned ones", () => {
  const starts = columnStarts([100, 100, 100, 100, 900]);
  assert.equal(scrollToColumn(1, starts, 0, 400, 60), 0);
  assert.equal(scrollToColumn(3, starts, 0, 400, 60), 60);
  assert.equal(scrollToColumn(0, starts, 150, 400, 60), 0);
  assert.equal(scrollToColumn(4, starts, 0, 400, 60), 400, "one that is too wide begins at the edge");
});

test("widths follow the text and have a least and a most", () => {
  assert.deepEqual(columnWidths(["a", "email", "note"], [["1", "ada.lovelace@example.com", "x".repeat(900)]]), [
    92, 227, 290,
  ]);
});
