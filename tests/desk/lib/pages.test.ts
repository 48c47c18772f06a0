import assert from "node:assert/strict";
import { test } from "node:test";

import { Pages } from "../../../f/customers/import_desk__raw_app/lib/pages";

interface Row {
  line: number;
  text?: string;
}

function source(total: number) {
  const asked: number[] = [];
  const gates: (() => void)[] = [];
  let held = false;
  let failing = false;
  const pages = new Pages<Row>({
    pageRows: 10,
    keptPages: 3,
    changed: () => undefined,
    load: async (offset, limit) => {
      asked.push(offset / limit);
      if (held) await new Promise<void>((go) => gates.push(go));
      if (failing) throw new Error("no connection");
      const rows = Array.from({ length: Math.min(limit, total - offset) }, (_, at) => ({ line: offset + at }));
      return { total, rows };
    },
  });
  return {
    pages,
    asked,
    hold: () => (held = true),
    fail: (now: boolean) => (failing = now),
    open: async () => {
      gates.splice(0).forEach((go) => go());
      await settled();
    },
  };
}

const settled = () => new Promise((go) => setTimeout(go, 5));

test("rows in sight are fetched by the page, once", async () => {
  const { pages, asked } = source(1000);
  assert.equal(pages.total, null);
  pages.want(0, 10);
  await settled();
  pages.want(5, 25);
  pages.want(5, 25);
  await settled();
  pages.want(8, 12);
  await settled();
  assert.deepEqual(asked, [0, 1, 2]);
  assert.equal(pages.total, 1000);
  assert.deepEqual(pages.row(24), { line: 24 });
  assert.equal(pages.row(30), undefined);
});

test("no more pages are kept than may be, and those in sight stay", async () => {
  const { pages, asked } = source(1000);
  for (let row = 0; row < 1000; row += 10) {
    pages.want(row, row + 10);
    await settled();
  }
  assert.equal(pages.size, 3);
  pages.want(970, 1000);
  await settled();
  assert.equal(asked.length, 100, "the last three pages are still there");
  pages.want(0, 10);
  await settled();
  assert.equal(asked.length, 101, "the first is asked for again");
});

test("pages that were scrolled past before their turn are not asked for", async () => {
  const { pages, asked, hold, open } = source(1000);
  pages.want(0, 10);
  await settled();
  hold();
  for (let row = 10; row < 900; row += 10) pages.want(row, row + 10);
  await open();
  await open();
  assert.deepEqual(asked, [0, 1, 2, 89]);
});

test("a failure stops the asking until somebody says to go on", async () => {
  const { pages, asked, fail } = source(1000);
  fail(true);
  pages.want(0, 10);
  await settled();
  assert.match(String(pages.failure), /no connection/);
  pages.want(0, 10);
  await settled();
  assert.equal(asked.length, 1);
  fail(false);
  pages.retry();
  await settled();
  assert.equal(pages.failure, null);
  assert.deepEqual(pages.row(0), { line: 0 });
});

test("a changed row takes the place of the one it was", async () => {
  const { pages } = source(1000);
  pages.want(0, 30);
  await settled();
  pages.want(0, 30);
  await settled();
  pages.replace([{ line: 12, text: "mended" }], (one, other) => one.line === other.line);
  assert.deepEqual(pages.row(12), { line: 12, text: "mended" });
  assert.deepEqual(pages.row(13), { line: 13 });
  assert.equal(
    pages.indexOf((row) => row.text !== undefined),
    12,
  );
  assert.equal(
    pages.indexOf((row) => row.text === "none"),
    null,
  );
});

test("an answer to a list that was left is not heard", async () => {
  const { pages, hold, open } = source(1000);
  hold();
  pages.want(0, 10);
  pages.close();
  await open();
  assert.equal(pages.total, null);
  assert.equal(pages.size, 0);
});
