import { Outbox } from "../../lib/outbox";
import { Pages } from "../../lib/pages";
import type { Corrected, Corrections, DeskRow, Draft, ExcludedRows, RowQuery, Rows } from "../../types";
import { asCorrections, isOfRow, undoing, withChanges, type Change, type Step, type Together } from "./changes";

/** What the model asks of the server. */
export interface RowsServer {
  list: (query: RowQuery) => Promise<Rows>;
  correct: (version: number, corrections: Corrections) => Promise<Corrected>;
  /** Leaves all rows with a reason out, or takes those of such a step in again. */
  exclude: (version: number, what: { reason: string } | { undo: string }) => Promise<ExcludedRows>;
  /** Told how many rows were left out by their reason, or taken in again. */
  moved: (rows: number, out: boolean) => void;
  /** Returns the draft as it is now. */
  draft: () => Promise<Draft>;
}

type Query = Omit<RowQuery, "offset" | "limit">;

/** The rows of a draft as a person sees and changes them. Changes show at once, and the verdict when it comes. */
export class RowsModel {
  query: Query;
  pages: Pages<DeskRow>;
  /** Whether rows were changed since the whole file was checked. */
  outdated = false;
  /** The rows that came last with a new verdict. */
  judged: readonly DeskRow[] = [];
  readonly outbox: Outbox<Change>;
  private readonly steps: Step[] = [];
  private overlay: { pending: readonly Change[]; rows: Map<DeskRow, DeskRow> } = { pending: [], rows: new Map() };

  constructor(
    private readonly server: RowsServer,
    public draft: Draft,
    query: Query,
    private readonly changed: () => void,
  ) {
    this.query = query;
    this.pages = this.open();
    this.outbox = new Outbox<Change>({
      send: (changes) => this.send(changes),
      together: (one, next) => one.kind === next.kind && !("together" in one),
      changed: () => {
        this.overlay = { pending: this.outbox.pending, rows: new Map() };
        changed();
      },
    });
  }

  /** Show other rows. */
  show(query: Query): void {
    this.query = query;
    this.reload();
  }

  /** Forget the rows that are held, and fetch those in sight again. */
  reload(): void {
    this.pages.close();
    this.pages = this.open();
    this.changed();
  }

  row(index: number): DeskRow | undefined {
    const row = this.pages.row(index);
    if (!row || !this.overlay.pending.length) return row;
    const changes = this.overlay.pending.filter((change) => isOfRow(change, row.line));
    if (!changes.length) return row;
    const seen = this.overlay.rows.get(row) ?? withChanges(row, changes);
    this.overlay.rows.set(row, seen);
    return seen;
  }

  isPending(row: DeskRow): boolean {
    return this.overlay.pending.some((change) => isOfRow(change, row.line));
  }

  get canUndo(): boolean {
    return this.steps.length > 0;
  }

  mend(row: DeskRow, column: number, value: string): void {
    const before = row.cells[column - 1] ?? "";
    if (before === value) return;
    this.steps.push({ line: row.line, column, before, changedBefore: row.changed.length > 0, kind: "cell" });
    this.outbox.add({ kind: "cell", line: row.line, column, value });
  }

  mendAlike(column: number, from: string, to: string): void {
    this.outdated = true;
    this.outbox.add({ kind: "alike", column, from, to });
  }

  /** Leave a row out of the import, or take it in again. */
  toggle(row: DeskRow): void {
    const kind = row.state === "excluded" ? "include" : "exclude";
    this.steps.push({ line: row.line, column: 0, before: "", changedBefore: true, kind });
    this.outbox.add({ kind, line: row.line });
  }

  /** Leave all rows with a reason out of the import. */
  leaveOut(reason: string): void {
    const together: Together = { reason, id: "" };
    this.steps.push({ kind: "together", together });
    this.outbox.add({ kind: "together", together });
  }

  /** Take in again the rows of a step that has left them out by their reason. */
  takeIn(id: string): void {
    const at = this.steps.findIndex((step) => step.kind === "together" && step.together.id === id);
    if (at >= 0) this.steps.splice(at, 1);
    this.outbox.add({ kind: "again", together: { reason: "", id } });
  }

  /** Make a row what it is in the file. */
  restore(row: DeskRow): void {
    this.outbox.add({ kind: "undo", line: row.line });
  }

  /** Take the last change back; returns what is taken back. */
  undo(): Step | null {
    const step = this.steps.pop();
    if (!step) return null;
    this.outbox.add(undoing(step));
    return step;
  }

  /** After somebody else changed the draft: go on from it as it is now, with or without what was not saved. */
  async goOn(keepMine: boolean): Promise<void> {
    this.draft = await this.server.draft();
    this.reload();
    if (keepMine) this.outbox.retry();
    else this.outbox.clear();
  }

  close(): void {
    this.pages.close();
  }

  private open(): Pages<DeskRow> {
    return new Pages<DeskRow>({
      changed: () => this.changed(),
      load: async (offset, limit) => {
        const rows = await this.server.list({ ...this.query, offset, limit });
        this.outdated = rows.outdated;
        return rows;
      },
    });
  }

  private async send(changes: readonly Change[]): Promise<void> {
    const [first] = changes;
    if (first && "together" in first) return this.sendTogether(first.kind === "together", first.together);
    const corrected = await this.server.correct(this.draft.version, asCorrections(changes));
    this.draft = corrected.draft;
    this.judged = corrected.rows;
    this.outdated = true;
    this.pages.replace(corrected.rows, (one, other) => one.line === other.line);
  }

  private async sendTogether(out: boolean, together: Together): Promise<void> {
    if (!out && !together.id) return; // no row was left out
    const what = out ? { reason: together.reason } : { undo: together.id };
    const done = await this.server.exclude(this.draft.version, what);
    this.draft = done.draft;
    together.id = done.step;
    this.outdated ||= done.rows > 0;
    this.server.moved(done.rows, out); // which shows the rows anew
  }
}
