import { Component, createRef, type JSX } from "preact";
import { number } from "../../lib/format";
import { errorOfCall } from "../../lib/errors";
import type { Cell, Command } from "../../lib/keyboard";
import { announce } from "../../parts/announce";
import { Button } from "../../parts/Button";
import { Grid, type CellView, type Editing } from "../../parts/grid/Grid";
import { ErrorNotice, Notice, sentenceOf } from "../../parts/Notice";
import { connection, server } from "../../server";
import { t } from "../../texts";
import type { Checked, DeskRow, Draft, Problem, Reason, RowQuery } from "../../types";
import { AlikeDialog } from "./AlikeDialog";
import type { Change } from "./changes";
import { cellView, FINDING, findingView, layoutOf, LINE, problemAt, problemColumn, type Layout } from "./cells";
import { Filters, viewCounts } from "./Filters";
import { Inspector, nameOf } from "./Inspector";
import { KeyHelp } from "./KeyHelp";
import { LeaveOutDialog, LeftOut } from "./LeftOut";
import { RowsModel } from "./model";

interface Props {
  draft: Draft;
  checked: Checked;
  onDraft: (draft: Draft) => void;
  onCheck: () => void;
  onPlan: () => void;
}

interface State {
  active: Cell;
  editing: Editing | null;
  alike: { column: number; from: string; suggestion: string | null } | null;
  layout: Layout | null;
  /** The reason whose rows a person thinks of leaving out. */
  leaving: Reason | null;
}

/** What could not be saved when a person went to another step, by draft: it is sent when they come back. */
const unsaved = new Map<string, Change[]>();

/** The table of rows with what belongs to it: filters, the row with the focus, saving and going on. */
export class RowTable extends Component<Props, State> {
  override state: State = { active: { row: 0, column: 0 }, editing: null, alike: null, layout: null, leaving: null };
  private readonly grid = createRef<Grid<DeskRow>>();
  private readonly model: RowsModel;
  private judged: readonly DeskRow[] = [];
  private unsubscribe: () => void = () => undefined;

  constructor(props: Props) {
    super(props);
    const draft = props.draft.id;
    const view = viewCounts(props.draft).attention ? "attention" : "all";
    this.model = new RowsModel(
      {
        list: (query) => server.list_rows({ draft, ...query }),
        correct: (version, corrections) => server.correct_rows({ draft, version, ...corrections }),
        exclude: (version, what) => server.exclude_rows({ draft, version, dry_run: false, ...what }),
        moved: (rows, out) => {
          announce(t.rows.moved(rows, out));
          this.onQuery(this.model.query);
        },
        draft: async () => (await server.draft_status(draft)).draft,
      },
      props.draft,
      { view },
      () => this.onModel(),
    );
  }

  override componentDidMount(): void {
    this.model.pages.want(0, 40);
    addEventListener("beforeunload", this.onLeave);
    this.unsubscribe = connection.subscribe((now) => now === "good" && this.afterLogin());
    for (const change of unsaved.get(this.props.draft.id) ?? []) this.model.outbox.add(change);
    unsaved.delete(this.props.draft.id);
  }

  override componentWillUnmount(): void {
    removeEventListener("beforeunload", this.onLeave);
    this.unsubscribe();
    const { outbox } = this.model;
    if (outbox.failure !== null) unsaved.set(this.props.draft.id, outbox.clear());
    this.model.close();
  }

  private readonly onLeave = (event: BeforeUnloadEvent): void => {
    if (this.model.outbox.pending.length) event.preventDefault();
  };

  private afterLogin(): void {
    for (const one of [this.model.pages, this.model.outbox]) {
      if (one.failure !== null && errorOfCall(one.failure).kind === "session") one.retry();
    }
  }

  private onModel(): void {
    const { model } = this;
    if (model.draft.version > this.props.draft.version) this.props.onDraft(model.draft);
    if (model.judged !== this.judged) this.tell(model.judged);
    if (!this.state.layout && model.pages.total !== null) this.layOut();
    this.setState({});
  }

  /** Columns get their widths by the first rows that come, and the focus its place. */
  private layOut(): void {
    const rows = Array.from({ length: 60 }, (_, index) => this.model.row(index)).filter((row) => row !== undefined);
    const layout = layoutOf(this.props.checked.header, rows, matchMedia("(min-width: 900px)").matches);
    const first = rows[0];
    const problem = first ? problemColumn(first, 0, 1) : 0;
    this.setState({ layout, active: { row: 0, column: problem ? problem + layout.lead - 1 : 0 } });
  }

  private tell(rows: readonly DeskRow[]): void {
    this.judged = rows;
    const [row] = rows;
    if (row) announce(t.rows.judged(row.line, t.rows.states[row.state], problemAt(row, 0)?.message ?? ""));
  }

  private get lead(): number {
    return this.state.layout?.lead ?? 1;
  }

  private get row(): DeskRow | undefined {
    return this.model.row(this.state.active.row);
  }

  /** The column of the file that has the focus, from 1; 0 if none has. */
  private get column(): number {
    return Math.max(0, this.state.active.column - this.lead + 1);
  }

  private readonly rowAt = (index: number): DeskRow | undefined => this.model.row(index);

  private readonly tone = (row: DeskRow): string => `is-${row.state}${this.model.isPending(row) ? " is-pending" : ""}`;

  private readonly view = (row: DeskRow, column: number): CellView => {
    if (column === LINE) return { text: number(row.line), content: <LineCell row={row} /> };
    if (column === FINDING && this.lead > FINDING) return findingView(row, this.model.isPending(row));
    return cellView(row, column - this.lead + 1, this.model.isPending(row));
  };

  private readonly onSight = (first: number, end: number): void => this.model.pages.want(first, end);

  private readonly onActive = (active: Cell): void => this.setState({ active });

  private readonly onSave = (text: string, to: Cell): void => {
    if (this.row && this.column) this.model.mend(this.row, this.column, text);
    this.setState({ editing: null, active: to });
  };

  private readonly onDiscard = (): void => this.setState({ editing: null });

  private readonly onCommand = (command: Command): void => {
    const { row } = this;
    if (command.do === "undo") this.undo();
    else if (command.do === "next") this.next(command.step);
    else if (!row) return;
    else if (command.do === "exclude") this.model.toggle(row);
    else if (command.do === "accept") this.accept(row);
    else if (command.do === "alike") this.askAlike(this.column || row.problems[0]?.column || 0);
    else if (command.do === "edit") this.edit(row, command.typed);
  };

  private edit(row: DeskRow, typed: string | null): void {
    if (!this.column) {
      if (typed !== null) return;
      if (this.state.active.column === LINE) this.model.toggle(row);
      else this.accept(row);
      return;
    }
    const text = typed ?? row.cells[this.column - 1] ?? "";
    const label = t.rows.editing(nameOf(this.props.checked.header, this.column), row.line);
    this.setState({ editing: { text, label } });
  }

  private accept(row: DeskRow): void {
    const problem = this.column ? problemAt(row, this.column) : row.problems.find((one) => one.suggestion !== null);
    if (!problem || problem.suggestion === null || !problem.column) return announce(t.rows.noSuggestion);
    this.use(problem);
    this.next(1);
  }

  private readonly use = (problem: Problem): void => {
    if (this.row && problem.suggestion !== null) this.model.mend(this.row, problem.column, problem.suggestion);
  };

  private readonly askAlike = (column: number, suggestion: string | null = null): void => {
    const { row } = this;
    if (!row || !column) return;
    const found = suggestion ?? problemAt(row, column)?.suggestion ?? null;
    this.setState({ alike: { column, from: row.cells[column - 1] ?? "", suggestion: found } });
  };

  private readonly undo = (): void => {
    const step = this.model.undo();
    if (!step || step.kind === "together") return;
    const row = this.model.pages.indexOf(({ line }) => line === step.line);
    if (row === null) return;
    const column = step.column ? step.column + this.lead - 1 : this.state.active.column;
    this.setState({ active: { row, column } });
  };

  /** Go to the next problem, in this row or in one after it; or to the first row that is still to come. */
  private next(step: 1 | -1): void {
    const { lead, model } = this;
    const total = model.pages.total ?? 0;
    let past = this.column;
    for (let index = this.state.active.row; index >= 0 && index < total; index += step) {
      const row = model.row(index);
      const column = row ? problemColumn(row, past, step) + lead - 1 : this.state.active.column;
      if (!row || column >= lead) return this.setState({ active: { row: index, column } });
      past = step > 0 ? 0 : Infinity;
    }
    announce(t.rows.noMore);
  }

  private readonly onQuery = (query: RowQuery): void => {
    this.model.show(query);
    this.setState({ active: { row: 0, column: this.state.active.column }, editing: null });
    this.model.pages.want(0, 40);
  };

  override render(): JSX.Element {
    const { draft, onCheck, onPlan } = this.props;
    const { model } = this;
    const { alike, leaving } = this.state;
    const waits = model.outbox.pending.length > 0;
    return (
      <>
        <Filters
          draft={draft}
          query={model.query}
          onQuery={this.onQuery}
          onLeaveOut={waits ? undefined : (reason) => this.setState({ leaving: reason })}
        />
        <LeftOut steps={draft.left_out ?? []} busy={waits} onAgain={(id) => model.takeIn(id)} />
        {model.outdated && (
          <Notice kind="info" actions={<Button onClick={onCheck} disabled={waits}>{t.rows.check}</Button>}>
            <p>{t.rows.outdated}</p>
          </Notice>
        )}
        {this.failure()}
        <div class="row-table">
          {this.table()}
          <Inspector
            row={this.row}
            column={this.column}
            header={this.props.checked.header}
            onUse={this.use}
            onAlike={this.askAlike}
            onToggle={() => this.row && model.toggle(this.row)}
            onRestore={() => this.row && model.restore(this.row)}
          />
        </div>
        <KeyHelp />
        <div class="foot">
          <p class="muted grow" role="status">
            {waits ? this.onItsWay() : model.outdated ? t.rows.saved : ""}
          </p>
          <Button disabled={!model.canUndo} onClick={this.undo}>{t.rows.undo}</Button>
          {model.outdated ? (
            <Button kind="primary" disabled={waits} onClick={onCheck}>{t.rows.check}</Button>
          ) : (
            <Button kind="primary" disabled={waits} onClick={onPlan}>{t.rows.plan}</Button>
          )}
        </div>
        {leaving && (
          <LeaveOutDialog
            draft={draft.id}
            reason={leaving}
            onYes={() => {
              model.leaveOut(leaving.code);
              this.setState({ leaving: null });
            }}
            onClose={() => this.setState({ leaving: null })}
          />
        )}
        {alike && (
          <AlikeDialog
            column={nameOf(this.props.checked.header, alike.column)}
            from={alike.from}
            suggestion={alike.suggestion}
            onYes={(to) => {
              model.mendAlike(alike.column, alike.from, to);
              announce(t.rows.alikeDone);
              this.setState({ alike: null });
            }}
            onClose={() => this.setState({ alike: null })}
          />
        )}
      </>
    );
  }

  private onItsWay(): string {
    const { pending, failure } = this.model.outbox;
    return failure === null ? t.rows.pending(pending.length) : t.rows.unsaved(pending.length);
  }

  private table(): JSX.Element {
    const { model } = this;
    const { layout, active, editing } = this.state;
    const { total } = model.pages;
    if (total === 0) return <p class="grid is-empty muted">{this.emptyText()}</p>;
    if (!layout) return <p class="grid is-empty muted">{model.pages.failure ? "" : t.rows.loading}</p>;
    return (
      <Grid<DeskRow>
        ref={this.grid}
        label={t.rows.grid}
        columns={layout.columns}
        total={total ?? 1}
        rowAt={this.rowAt}
        view={this.view}
        tone={this.tone}
        active={active}
        editing={editing}
        onSight={this.onSight}
        onActive={this.onActive}
        onCommand={this.onCommand}
        onSave={this.onSave}
        onDiscard={this.onDiscard}
      />
    );
  }

  private emptyText(): string {
    const { view, reason, search } = this.model.query;
    return reason || search ? t.rows.empty.filtered : t.rows.empty[view];
  }

  private failure(): JSX.Element | null {
    const { pages, outbox } = this.model;
    if (pages.failure !== null) return <ErrorNotice error={errorOfCall(pages.failure)} again={() => pages.retry()} />;
    if (outbox.failure === null) return null;
    const error = errorOfCall(outbox.failure);
    const onward = (keep: boolean) => void this.model.goOn(keep);
    const actions = (
      <>
        {error.kind === "said" && error.code !== "draft_changed" ? null : (
          <Button onClick={() => (error.code === "draft_changed" ? onward(true) : outbox.retry())}>
            {error.code === "draft_changed" ? t.rows.keepMine : t.common.again}
          </Button>
        )}
        <Button kind="quiet" onClick={() => onward(false)}>{t.rows.dropMine}</Button>
      </>
    );
    return (
      <Notice kind="bad" urgent title={t.rows.unsaved(outbox.pending.length)} actions={actions}>
        <p>{sentenceOf(error)}</p>
      </Notice>
    );
  }
}

const MARKS = { valid: "✓", invalid: "!", duplicate: "=", excluded: "–" } as const;

function LineCell({ row }: { row: DeskRow }): JSX.Element {
  return (
    <span class="grid-line">
      <span class={`mark is-${row.state}`} aria-hidden="true">{MARKS[row.state]}</span>
      <span class="number">{number(row.line)}</span>
      <span class="hidden">{`, ${t.rows.short[row.state]}`}</span>
    </span>
  );
}
