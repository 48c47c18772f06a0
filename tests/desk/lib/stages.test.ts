import assert from "node:assert/strict";
import { test } from "node:test";

import { STEPS } from "../../../f/customers/import_desk__raw_app/lib/router";
import { isOpen, stepOf } from "../../../f/customers/import_desk__raw_app/lib/stages";
import type { Checked, Draft, Run, RunState, Status } from "../../../f/customers/import_desk__raw_app/types";

const run: Run = { job: "j", by: "ada@example.com", at: "2026-11-29T12:00:00+00:00", digest: "d" };
const checked = {} as Checked;
const draft = (changes: Partial<Draft>): Draft =>
  ({ file: { s3: "x", name: "a.csv", size: 1 }, checked: null, plan_hash: "", runs: {}, ...changes }) as Draft;
const status = (state: RunState, kind: Status["kind"] = "apply") => ({ kind, state }) as Status;

test("one cannot go where there is nothing yet", () => {
  const open = (one: Draft) => STEPS.filter((step) => isOpen(step, one));
  assert.deepEqual(open(draft({ file: null })), []);
  assert.deepEqual(open(draft({})), ["reading", "columns", "rows"]);
  assert.deepEqual(open(draft({ checked })), ["reading", "columns", "rows", "plan"]);
  assert.deepEqual(open(draft({ checked, runs: { apply: run } })), [...STEPS]);
  assert.deepEqual(open(draft({ checked, runs: { apply: run }, cleared_at: "2026-12-31T04:15:00+00:00" })), ["report"]);
});

test("a draft is gone on with where it stands", () => {
  assert.equal(stepOf(draft({}), null), "reading");
  assert.equal(stepOf(draft({ checked }), null), "rows");
  assert.equal(stepOf(draft({ checked, runs: { plan: run } }), null), "plan");
  assert.equal(stepOf(draft({ checked, plan_hash: "h" }), null), "plan");
});

for (const [state, step] of [
  ["queued", "progress"],
  ["running", "progress"],
  ["waiting", "progress"],
  ["succeeded", "report"],
  ["failed", "report"],
  ["canceled", "report"],
] as const) {
  test(`an import that is ${state} is found at its ${step}`, () => {
    assert.equal(stepOf(draft({ checked, runs: { apply: run } }), status(state)), step);
  });
}

test("an import that is verified now has its report", () => {
  assert.equal(stepOf(draft({ checked, runs: { apply: run, verify: run } }), status("running", "verify")), "report");
});
