/** What becomes of a row, in the order of a report. */
export const OUTCOMES = [
  "created",
  "updated",
  "unchanged",
  "duplicate",
  "invalid",
  "rejected",
  "failed",
  "unknown",
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Outcomes of rows that were brought in: they are in the target as the file has them. */
const GOOD: readonly string[] = ["created", "updated", "unchanged"];

/** Return whether rows for this reason were not brought in; others are only worth knowing. */
export const isOfLeftOut = ({ outcome }: { outcome: string }): boolean =>
  (OUTCOMES as readonly string[]).includes(outcome) && !GOOD.includes(outcome);

/** Return how many rows of an import were not brought in. */
export function leftOut(counts: Record<string, number>): number {
  return OUTCOMES.filter((name) => !GOOD.includes(name)).reduce((sum, name) => sum + (counts[name] ?? 0), 0);
}

/** Return the counts of outcomes alone: a summary has the number of rows among them. */
export function outcomesOf(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(OUTCOMES.filter((name) => counts[name] !== undefined).map((name) => [name, counts[name] ?? 0]));
}
