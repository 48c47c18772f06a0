import assert from "node:assert/strict";
import { test } from "node:test";

import { ServerError } from "../../../f/customers/import_desk__raw_app/lib/errors";
import { PAUSES, retried } from "../../../f/customers/import_desk__raw_app/lib/retry";

const lost = () => new ServerError("lost", "gone");

function watched(failures: unknown[]) {
  const told: string[] = [];
  const slept: number[] = [];
  let calls = 0;
  const work = async () => {
    calls += 1;
    const failure = failures.shift();
    if (failure) throw failure;
    return "done";
  };
  const sleep = async (seconds: number) => void slept.push(seconds);
  const onPause = (error: ServerError | null) => void told.push(error ? error.kind : "good");
  return { told, slept, calls: () => calls, run: (signal?: AbortSignal) => retried(work, { sleep, onPause, signal }) };
}

test("what works at once is told to nobody", async () => {
  const it = watched([]);
  assert.equal(await it.run(), "done");
  assert.deepEqual([it.told, it.slept, it.calls()], [[], [], 1]);
});

test("a lost connection is tried again, with longer pauses, and its end is told", async () => {
  const it = watched([lost(), lost(), lost()]);
  assert.equal(await it.run(), "done");
  assert.deepEqual([it.told, it.slept], [["lost", "lost", "lost", "good"], PAUSES.slice(0, 3)]);
});

test("it gives up after a minute", async () => {
  const it = watched(Array.from({ length: 50 }, lost));
  await assert.rejects(it.run(), { kind: "lost" });
  assert.equal(it.calls(), PAUSES.length + 1);
  assert.ok(it.slept.reduce((sum, one) => sum + one) >= 60);
});

for (const kind of ["said", "later", "session", "broken"] as const) {
  test(`what is ${kind} is not tried again`, async () => {
    const it = watched([new ServerError(kind, "no")]);
    await assert.rejects(it.run(), { kind });
    assert.equal(it.calls(), 1);
  });
}

test("nobody tries again for somebody who has left", async () => {
  const left = new AbortController();
  left.abort();
  const it = watched([lost()]);
  await assert.rejects(it.run(left.signal), { kind: "lost" });
  assert.equal(it.calls(), 1);
});
