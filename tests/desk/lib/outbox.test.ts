import assert from "node:assert/strict";
import { test } from "node:test";

import { Outbox } from "../../../f/customers/import_desk__raw_app/lib/outbox";

const settled = () => new Promise((go) => setTimeout(go, 5));

test("what comes while a message is on its way goes with the next, in order", async () => {
  const sent: number[][] = [];
  const gates: (() => void)[] = [];
  const outbox = new Outbox<number>({
    changed: () => undefined,
    most: 3,
    send: async (changes) => {
      sent.push([...changes]);
      await new Promise<void>((go) => gates.push(go));
    },
  });
  outbox.add(1);
  for (const one of [2, 3, 4, 5]) outbox.add(one);
  assert.deepEqual(outbox.pending, [1, 2, 3, 4, 5]);
  while (gates.length) {
    gates.splice(0).forEach((go) => go());
    await settled();
  }
  assert.deepEqual(sent, [[1], [2, 3, 4], [5]]);
  assert.deepEqual(outbox.pending, []);
});

test("what could not be sent is kept, in its place, until it is sent again", async () => {
  const sent: number[][] = [];
  let failing = true;
  const outbox = new Outbox<number>({
    changed: () => undefined,
    send: async (changes) => {
      await settled();
      if (failing) throw new Error("no connection");
      sent.push([...changes]);
    },
  });
  outbox.add(1);
  outbox.add(2);
  await settled();
  await settled();
  assert.match(String(outbox.failure), /no connection/);
  outbox.add(3);
  await settled();
  assert.deepEqual(outbox.pending, [1, 2, 3]);
  failing = false;
  outbox.retry();
  await settled();
  await settled();
  assert.deepEqual(sent, [[1, 2, 3]]);
  assert.equal(outbox.failure, null);
});

test("what is given up is not sent", async () => {
  const sent: number[] = [];
  const outbox = new Outbox<number>({
    changed: () => undefined,
    send: async (changes) => {
      if (changes.includes(1)) throw new Error("no");
      sent.push(...changes);
    },
  });
  outbox.add(1);
  await settled();
  assert.deepEqual(outbox.clear(), [1]);
  outbox.add(2);
  await settled();
  assert.deepEqual(sent, [2]);
});
