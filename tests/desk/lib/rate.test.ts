import assert from "node:assert/strict";
import { test } from "node:test";

import { nextLook, paceOf, withSample, type Sample } from "../../../f/customers/import_desk__raw_app/lib/rate";

const seen = (...samples: [number, number][]): Sample[] =>
  samples.reduce<Sample[]>((kept, [at, done]) => withSample(kept, { at, done }), []);

test("a pace needs two samples with some time between them", () => {
  assert.deepEqual(paceOf([], 100), { perSecond: null, left: null });
  assert.deepEqual(paceOf(seen([0, 0]), 100), { perSecond: null, left: null });
  assert.deepEqual(paceOf(seen([0, 0], [1, 90]), 100), { perSecond: null, left: null });
  assert.deepEqual(paceOf(seen([0, 0], [2, 50]), 1000), { perSecond: 25, left: 38 });
});

test("the pace is that of the last minute", () => {
  const samples = seen(...Array.from({ length: 200 }, (_, at): [number, number] => [at, at < 100 ? at * 100 : 10_000 + (at - 100) * 10]));
  assert.equal(paceOf(samples, 20_000).perSecond, 10);
  assert.ok(samples.length < 65);
});

test("answers far apart still make a pace", () => {
  assert.equal(paceOf(seen([0, 0], [300, 600]), 6000).perSecond, 2);
});

test("a run that stands still has no time left to tell, and one that is done has none", () => {
  assert.deepEqual(paceOf(seen([0, 5], [30, 5]), 10), { perSecond: 0, left: null });
  assert.deepEqual(paceOf(seen([0, 5], [5, 10]), 10), { perSecond: 1, left: 0 });
});

test("a run that begins anew is measured anew", () => {
  assert.deepEqual(seen([0, 500], [5, 20]), [{ at: 5, done: 20 }]);
  assert.deepEqual(seen([9, 5], [5, 20]), [{ at: 5, done: 20 }]);
});

test("a long run is looked at less often", () => {
  assert.deepEqual([0, 60, 3600].map(nextLook), [1000, 2000, 5000]);
});
