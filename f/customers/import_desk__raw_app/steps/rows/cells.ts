// How a row of a file is shown in the cells of the table. Pure.

import type { CellView, GridColumn } from "../../parts/grid/GridRow";
import { number } from "../../lib/format";
import { columnWidths } from "../../lib/virtual";
import { t as texts } from "../../texts";
import type { DeskRow, Problem } from "../../types";

const t = texts.rows;

/** The columns before those of the file: the line, and where there is room what was found. */
export const LINE = 0;
export const FINDING = 1;

export interface Layout {
  columns: GridColumn[];
  /** How many columns stand before those of the file. */
  lead: number;
}

/** Return the columns for a file; `roomy`: there is room for what was found beside each row. */
export function layoutOf(header: readonly string[], rows: readonly DeskRow[], roomy: boolean): Layout {
  const shown = header.map((name, at) => name || t.nameless(at + 1));
  const widths = columnWidths(shown, rows.map(({ cells }) => cells));
  const before: GridColumn[] = [{ id: "line", title: t.line, width: roomy ? 128 : 104 }];
  if (roomy) before.push({ id: "finding", title: t.finding, width: 300 });
  const file = shown.map((title, at) => ({ id: `cell ${at}`, title, width: widths[at] ?? 120 }));
  return { columns: [...before, ...file], lead: before.length };
}

/** Return the problem of a cell that a person looks at; the first of the row if `column` is 0. */
export function problemAt(row: DeskRow, column: number): Problem | undefined {
  return column ? row.problems.find((one) => one.column === column) : row.problems[0];
}

/** Return what a cell of the file shows; `column` counts from 1. */
export function cellView(row: DeskRow, column: number, pending: boolean): CellView {
  const problem = problemAt(row, column);
  const isChanged = row.changed.includes(column);
  const notes = [
    problem && `${problem.message} ${problem.suggestion === null ? "" : t.suggested(problem.suggestion)}`.trim(),
    isChanged && (pending ? t.saving : t.changedCell),
  ];
  return {
    text: row.cells[column - 1] ?? "",
    tone: [problem && row.state !== "excluded" ? "is-wrong" : "", isChanged ? "is-changed" : ""].join(" ").trim(),
    note: notes.filter(Boolean).join(" ") || undefined,
    invalid: problem !== undefined && row.state !== "excluded",
  };
}

/** Return what was found of a row, in a line; of one whose change is `pending` nothing is known yet. */
export function findingView(row: DeskRow, pending: boolean): CellView {
  if (row.state === "excluded") return { text: t.states.excluded, tone: "is-quiet" };
  const [first, ...others] = row.problems;
  if (!first && pending) return { text: t.notJudged, tone: "is-quiet" };
  if (!first) return { text: row.changed.length ? t.good : "", tone: "is-good" };
  const more = others.length ? ` ${t.more(others.length)}` : "";
  return { text: `${first.message}${more}`, tone: row.state === "valid" ? "is-quiet" : "is-finding" };
}

export function lineText(row: DeskRow): string {
  return number(row.line);
}

/** Return where the next (or the one before) problem of a row is, past a column; 0 if there is none. */
export function problemColumn(row: DeskRow, past: number, step: 1 | -1): number {
  if (row.state !== "invalid") return 0;
  const columns = row.problems.map(({ column }) => column).filter((column) => column > 0);
  const ordered = [...columns].sort((one, other) => (one - other) * step);
  return ordered.find((column) => (column - past) * step > 0) ?? 0;
}
