import assert from "node:assert/strict";
import { test } from "node:test";

import { fetchPieces } from "../../../f/customers/import_desk__raw_app/lib/files";
import type { Piece } from "../../../f/customers/import_desk__raw_app/types";

const pieces = (text: string, size: number, whole: number | null = text.length) => async (offset: number): Promise<Piece> => {
  const end = Math.min(text.length, offset + size);
  return { filename: "a.csv", content_type: "text/csv", data: btoa(text.slice(offset, end)), next: end < text.length ? end : null, size: whole };
};

const textOf = (parts: Uint8Array[]) => parts.map((part) => new TextDecoder().decode(part)).join("");

test("a file is put together of its pieces, and its share told", async () => {
  const told: (number | null)[] = [];
  const file = await fetchPieces(pieces("abcdefghij", 4), (share) => told.push(share));
  assert.equal(textOf(file.parts), "abcdefghij");
  assert.equal(file.filename, "a.csv");
  assert.deepEqual(told, [0.4, 0.8, 1]);
});

test("an empty file, and one of unknown size, are files", async () => {
  const told: (number | null)[] = [];
  assert.equal(textOf((await fetchPieces(pieces("", 4, 0), (share) => told.push(share))).parts), "");
  assert.equal(textOf((await fetchPieces(pieces("abcde", 4, null), (share) => told.push(share))).parts), "abcde");
  assert.deepEqual(told, [null, null, null]);
});

test("a server that does not go on is not asked for ever", async () => {
  const stuck = async (): Promise<Piece> => ({ filename: "a", content_type: "", data: btoa("x"), next: 0, size: 9 });
  await assert.rejects(fetchPieces(stuck, () => undefined), /does not go on/);
});
