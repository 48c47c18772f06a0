import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";

import { fromBase64, paysToPack, toBase64, upload } from "../../../f/customers/import_desk__raw_app/lib/upload";

const PART = 1000;
const bytesOf = (size: number) => Uint8Array.from({ length: size }, (_, at) => (at * 31 + (at >> 8)) % 251);

function receiver(fails: (index: number) => boolean = () => false) {
  const parts = new Map<number, Uint8Array>();
  const seen = { now: 0, most: 0, sent: [] as number[] };
  const keepPart = async (index: number, data: Uint8Array) => {
    seen.now += 1;
    seen.most = Math.max(seen.most, seen.now);
    await new Promise((go) => setTimeout(go, 2));
    seen.now -= 1;
    if (fails(index)) throw new Error(`part ${index}`);
    parts.set(index, data);
  };
  const whole = () => Buffer.concat([...parts].sort(([one], [other]) => one - other).map(([, data]) => data));
  return { parts, seen, keepPart, whole, onProgress: ({ sent }: { sent: number }) => void seen.sent.push(sent) };
}

const send = (to: ReturnType<typeof receiver>, content: Uint8Array<ArrayBuffer>, pack = false) =>
  upload({ file: new Blob([content]), partBytes: PART, pack, signal: new AbortController().signal, ...to });

for (const size of [1, PART - 1, PART, PART + 1, 10 * PART, 12_345]) {
  test(`a file of ${size} bytes arrives whole, in parts that are full but for the last`, async () => {
    const to = receiver();
    const { parts: count, bytes } = await send(to, bytesOf(size));
    assert.deepEqual([count, bytes], [Math.ceil(size / PART), size]);
    assert.deepEqual(new Uint8Array(to.whole()), bytesOf(size));
    assert.ok([...to.parts].every(([index, data]) => data.length === PART || index === count - 1));
    assert.equal(to.seen.sent.at(-1), size);
    assert.ok(to.seen.most <= 2);
  });
}

test("a file that is packed on the way is the same when unpacked, and smaller until then", async () => {
  const text = new TextEncoder().encode("ada@example.com;Ada Example;+12025550101\r\n".repeat(5000));
  const to = receiver();
  const { bytes } = await send(to, text, true);
  assert.deepEqual(new Uint8Array(gunzipSync(to.whole())), text);
  assert.equal(bytes, to.whole().length);
  assert.ok(bytes < text.length / 10);
  assert.equal(to.seen.sent.at(-1), text.length);
});

test("what is sent only grows, and never past the file", async () => {
  const to = receiver();
  await send(to, bytesOf(50_000));
  assert.ok(to.seen.sent.every((one, at) => one <= 50_000 && one >= (to.seen.sent[at - 1] ?? 0)));
});

test("a part that fails ends it", async () => {
  const to = receiver((index) => index === 3);
  await assert.rejects(send(to, bytesOf(20_000)), /part 3/);
  assert.ok(to.parts.size < 10);
});

test("the last part that fails ends it, too", async () => {
  const to = receiver((index) => index === 19);
  await assert.rejects(send(to, bytesOf(20_000)), /part 19/);
});

test("who cancels sends no more", async () => {
  const to = receiver();
  const canceled = new AbortController();
  const onProgress = ({ sent }: { sent: number }) => void (sent > 3000 && canceled.abort());
  const file = new Blob([bytesOf(50_000)]);
  const sending = upload({ ...to, file, partBytes: PART, pack: false, signal: canceled.signal, onProgress });
  await assert.rejects(sending, { name: "AbortError" });
  assert.ok(to.parts.size < 10);
});

for (const [name, first, pays] of [
  ["customers.csv", "Name;", true],
  ["customers.XLSX", "Name;", false],
  ["customers.csv", "PK\u0003\u0004", false],
  ["export", "Name;", true],
  ["export.gz", "", false],
] as const) {
  test(`${name} that begins with ${JSON.stringify(first)} is ${pays ? "" : "not "}packed`, () => {
    assert.equal(paysToPack(name, new Uint8Array(Buffer.from(first, "latin1"))), pays);
  });
}

test("base64 is what everybody else's is, at every length", () => {
  for (const size of [0, 1, 2, 3, 0x8000, 0x8000 + 1, 100_000]) {
    const bytes = bytesOf(size);
    assert.equal(toBase64(bytes), Buffer.from(bytes).toString("base64"));
    assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
  }
});
