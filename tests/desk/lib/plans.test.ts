import assert from "node:assert/strict";
import { test } from "node:test";

import { changedSincePlan } from "../../../f/customers/import_desk__raw_app/lib/plans";
import type { Draft, Run, Settings } from "../../../f/customers/import_desk__raw_app/types";

const settings: Settings = {
  encoding: "", delimiter: ";", has_header: null, header_row: null, sheet: "", mapping: { Mail: "email", Name: "name" },
  default_country: "", target: "f/customers/crm", on_duplicate: "skip", max_bad_share: 0.2,
};
const run: Run = { job: "j", by: "ada", at: "", digest: "d", settings, corrections_file: "desk/1/corrections-a.json" };
const draft = (change: Partial<Draft>, plan: Run | undefined = run): Draft => ({
  id: "1", version: 1, created_at: "", created_by: "ada", name: "a.csv", file: null, settings, corrections: {},
  corrections_file: "desk/1/corrections-a.json", checked: null, plan_hash: "h", plan_digest: "d",
  runs: plan ? { plan } : {}, import_id: "", ...change,
});

test("a plan of what is chosen now is not outdated, in whatever order a mapping is written", () => {
  assert.deepEqual(changedSincePlan(draft({})), []);
  assert.deepEqual(changedSincePlan(draft({ settings: { ...settings, mapping: { Name: "name", Mail: "email" } } })), []);
});

test("what was chosen otherwise since the plan is named", () => {
  const other: Settings = { ...settings, mapping: { Mail: "email", Name: "" }, on_duplicate: "update" };
  assert.deepEqual(changedSincePlan(draft({ settings: other })), ["mapping", "on_duplicate"]);
  assert.deepEqual(changedSincePlan(draft({ corrections_file: "desk/1/corrections-b.json" })), ["corrections"]);
});

test("of no plan, or of one that does not say what it was made of, nothing is claimed", () => {
  assert.deepEqual(changedSincePlan({ ...draft({}), runs: {} }), []);
  const bare: Run = { job: "j", by: "ada", at: "", digest: "d" };
  assert.deepEqual(changedSincePlan(draft({ settings: { ...settings, delimiter: "," } }, bare)), []);
});
