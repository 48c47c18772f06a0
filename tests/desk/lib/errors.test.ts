import assert from "node:assert/strict";
import { test } from "node:test";

import { errorOfCall, errorOfResult, ServerError } from "../../../f/customers/import_desk__raw_app/lib/errors";

const named = (name: string, message: string) => Object.assign(new Error(message), { name });

const ours = (name: string, message: string, code: string | null) => ({
  error: { name, message, stack: "File x", extra: { code, call: null, status: null, request_id: null, attempts: 0 } },
});

for (const name of ["FixInput", "BadTable", "FixSettings", "SignInAgain", "OutcomeUnknown"]) {
  test(`${name} is a sentence for the person, with its code`, () => {
    const error = errorOfResult(ours(name, "This is a picture.", "binary_file"));
    assert.deepEqual([error.kind, error.message, error.code], ["said", "This is a picture.", "binary_file"]);
    assert.deepEqual(errorOfResult(ours(name, "No.", null)).kind, "said");
  });
}

for (const name of ["TryLater", "WaitForQuota"]) {
  test(`${name} may work later`, () => assert.equal(errorOfResult(ours(name, "Busy.", null)).kind, "later"));
}

for (const result of [null, undefined, "text", {}, { error: null }, { error: { name: "KeyError", message: "'x'" } },
  { error: { name: "Odd", message: "x", extra: { code: 3 } } }]) {
  test(`a result without a sentence of ours is a fault: ${JSON.stringify(result)}`, () => {
    assert.equal(errorOfResult(result).kind, "broken");
  });
}

for (const [thrown, kind] of [
  [new TypeError("Failed to fetch"), "lost"],
  [named("ConnectionLost", "No answer from the server"), "lost"],
  [named("Status502", "<html>"), "lost"],
  [new Error("WebSocket is closed"), "lost"],
  [named("Status401", "no session"), "session"],
  [new Error("ApiError: Unauthorized\n    at run"), "session"],
  [new Error("Runnable not found: start_draft"), "broken"],
  [{ message: "NetworkError when attempting to fetch" }, "lost"],
  [undefined, "broken"],
] as const) {
  test(`a call that fails by ${String((thrown as Error | undefined)?.message)} is ${kind}`, () => {
    assert.equal(errorOfCall(thrown).kind, kind);
  });
}

test("of a login that has ended only what `mill serve` says is for a person", () => {
  assert.equal(errorOfCall(named("Unauthorized", "Open the desk again.")).message, "Open the desk again.");
  assert.equal(errorOfCall(named("Error", "ApiError: Unauthorized")).message, "");
});

test("an error that is sorted already stays so", () => {
  const error = new ServerError("said", "No.", "no");
  assert.equal(errorOfCall(error), error);
});
