// What there is to know of a draft's plan without asking. Pure.

import type { Draft, Settings } from "../types";

export type Changed = keyof Settings | "corrections";

/** Return what was chosen otherwise since the plan was made; nothing if there is no plan. */
export function changedSincePlan(draft: Draft): Changed[] {
  const made = draft.runs.plan;
  if (!made) return [];
  const before = made.settings;
  const names = Object.keys(draft.settings) as (keyof Settings)[];
  const changed: Changed[] = before ? names.filter((name) => !isSame(before[name], draft.settings[name])) : [];
  const corrections = made.corrections_file !== undefined && made.corrections_file !== (draft.corrections_file ?? "");
  return corrections ? [...changed, "corrections"] : changed;
}

function isSame(one: unknown, other: unknown): boolean {
  return written(one) === written(other);
}

/** The order of a mapping's columns decides nothing. */
function written(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "";
  return JSON.stringify(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** What a dry run calls an action in its counts, for a plan whose own counts are not at hand. */
export const PLANNED: Record<string, string> = {
  would_create: "create",
  would_update: "update",
  would_leave: "unchanged",
  would_refuse: "refuse",
  would_hold: "hold",
  not_known: "unread",
};
