import assert from "node:assert/strict";
import { test } from "node:test";

import { RowsModel } from "../../../f/customers/import_desk__raw_app/steps/rows/model";
import type { Draft } from "../../../f/customers/import_desk__raw_app/types";

const draft = (version: number) => ({ version }) as Draft;

/** A model whose server answers when it is told to, and what it was asked. */
function opened() {
  const asked: unknown[] = [];
  const answers: (() => void)[] = [];
  const moved: [number, boolean][] = [];
  const answered = <T>(result: T) => new Promise<T>((go) => answers.push(() => go(result)));
  let version = 1;
  const model = new RowsModel(
    {
      list: async () => ({ total: 0, offset: 0, rows: [], outdated: true }),
      correct: (seen, changes) => {
        asked.push([seen, changes]);
        return answered({ draft: draft(++version), rows: [] });
      },
      exclude: (seen, what) => {
        asked.push([seen, what]);
        return answered({ draft: draft(++version), rows: 7, step: "reason" in what ? `step of ${what.reason}` : "" });
      },
      moved: (rows, out) => moved.push([rows, out]),
      draft: async () => draft(version),
    },
    draft(1),
    { view: "attention" },
    () => undefined,
  );
  const answer = async () => {
    answers.shift()?.();
    await new Promise((go) => setTimeout(go));
  };
  return { model, asked, answer, moved };
}

test("rows left out together are taken in again by the name of their step, also if it is not known yet", async () => {
  const { model, asked, answer, moved } = opened();
  model.leaveOut("invalid_email");
  model.undo();
  assert.equal(model.canUndo, false);
  await answer();
  await answer();
  assert.deepEqual(asked, [[1, { reason: "invalid_email" }], [2, { undo: "step of invalid_email" }]]);
  assert.deepEqual([moved, model.draft.version], [[[7, true], [7, false]], 3]);
});

test("each reason is a message of its own, and what was taken in again is nothing to undo", async () => {
  const { model, asked, answer } = opened();
  for (const reason of ["invalid_email", "invalid_phone"]) model.leaveOut(reason);
  await answer();
  await answer();
  assert.equal(asked.length, 2);
  model.takeIn("step of invalid_phone");
  await answer();
  assert.deepEqual(asked.at(-1), [3, { undo: "step of invalid_phone" }]);
  model.undo();
  await answer();
  assert.deepEqual(asked.at(-1), [4, { undo: "step of invalid_email" }]);
  assert.equal(model.canUndo, false);
});
