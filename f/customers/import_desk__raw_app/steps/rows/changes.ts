// What a person changes of a file's rows: how a change looks before the server has answered, how it is sent,
// and how it is taken back. Pure.

import type { Corrections, DeskRow } from "../../types";

/** Rows that are left out together, by their reason. `id` is what the server calls the step, once it is done. */
export interface Together {
  reason: string;
  id: string;
}

export type Change =
  | { kind: "cell"; line: number; column: number; value: string }
  | { kind: "exclude" | "include" | "undo"; line: number }
  | { kind: "alike"; column: number; from: string; to: string }
  | { kind: "together" | "again"; together: Together };

/** What is taken back by an undo: the row as it was, or rows that were left out together. */
export type Step = RowStep | { kind: "together"; together: Together };

interface RowStep {
  line: number;
  column: number;
  before: string;
  /** Whether the row had been changed by a person before. */
  changedBefore: boolean;
  kind: "cell" | "exclude" | "include";
}

/** Return whether a change is of the row that begins on a line, and of no other. */
export const isOfRow = (change: Change, line: number): boolean => "line" in change && change.line === line;

/** Return the row as it will be, with changes that the server has not confirmed. */
export function withChanges(row: DeskRow, changes: readonly Change[]): DeskRow {
  return changes.reduce<DeskRow>((seen, change) => {
    switch (change.kind) {
      case "cell": {
        const cells = seen.cells.map((cell, at) => (at === change.column - 1 ? change.value : cell));
        // What was found of the old text says nothing of the new one.
        const problems = seen.problems.filter(({ column }) => column !== change.column);
        return { ...seen, cells, problems, changed: withColumn(seen.changed, change.column) };
      }
      case "exclude":
        return { ...seen, state: "excluded" };
      case "include":
        return { ...seen, state: seen.problems.length ? "invalid" : "valid" };
      default:
        return seen;
    }
  }, row);
}

function withColumn(columns: readonly number[], column: number): number[] {
  return columns.includes(column) ? [...columns] : [...columns, column].sort((one, other) => one - other);
}

/** Return changes of one kind as the server takes them; of several to one cell, the last. */
export function asCorrections(changes: readonly Change[]): Corrections {
  const cells = new Map<string, { line: number; column: number; value: string }>();
  const message: Corrections = {};
  for (const change of changes) {
    if (change.kind === "cell") {
      const { line, column, value } = change;
      cells.set(`${line} ${column}`, { line, column, value });
    } else if (change.kind === "alike") {
      const { column, from, to } = change;
      (message.alike ??= []).push({ column, from, to });
    } else if ("line" in change) {
      (message[change.kind] ??= []).push(change.line);
    }
  }
  if (cells.size) message.cells = [...cells.values()];
  return message;
}

/** Return the change that takes a step back. */
export function undoing(step: Step): Change {
  if (step.kind === "together") return { kind: "again", together: step.together };
  if (step.kind === "exclude") return { kind: "include", line: step.line };
  if (step.kind === "include") return { kind: "exclude", line: step.line };
  if (!step.changedBefore) return { kind: "undo", line: step.line };
  return { kind: "cell", line: step.line, column: step.column, value: step.before };
}
