import { Component, createRef, type JSX } from "preact";

import { CellEditor } from "./CellEditor";
import { commandOf, keyOf, type Bounds, type Cell, type Command } from "../../lib/keyboard";
import { GridRow, type CellView, type GridColumn } from "./GridRow";
import { columnStarts, columnsInSight, rowsInSight, scrollToColumn, scrollToRow, type Extent } from "../../lib/virtual";

export type { CellView, GridColumn } from "./GridRow";

export interface Editing {
  text: string;
  label: string;
}

interface Props<Row> {
  label: string;
  columns: readonly GridColumn[];
  total: number;
  rowAt: (index: number) => Row | undefined;
  view: (row: Row, column: number) => CellView;
  tone: (row: Row) => string;
  active: Cell;
  editing: Editing | null;
  /** Which rows are in sight, whenever that changes. */
  onSight: (first: number, end: number) => void;
  onActive: (cell: Cell) => void;
  onCommand: (command: Command) => void;
  onSave: (text: string, to: Cell) => void;
  onDiscard: () => void;
  describedBy?: string;
}

interface State {
  scrollTop: number;
  scrollLeft: number;
  height: number;
  width: number;
}

const ROW = 36;
const HEADER = 38;
const OVERSCAN = 6;

/** A table of any length: only the rows and columns in sight are drawn, one cell takes the focus (ARIA grid). */
export class Grid<Row> extends Component<Props<Row>, State> {
  override state: State = { scrollTop: 0, scrollLeft: 0, height: 480, width: 800 };
  private readonly box = createRef<HTMLDivElement>();
  private observer: ResizeObserver | null = null;
  private frame = 0;
  private wantsFocus = false;
  private sight = "";
  private measured: { columns: readonly GridColumn[]; starts: number[] } | null = null;

  override componentDidMount(): void {
    const box = this.box.current;
    if (!box) return;
    this.observer = new ResizeObserver(() => this.setState({ height: box.clientHeight - HEADER, width: box.clientWidth }));
    this.observer.observe(box);
    this.setState({ height: box.clientHeight - HEADER, width: box.clientWidth }, () => this.reveal(this.props.active));
    this.tellSight();
  }

  override componentWillUnmount(): void {
    this.observer?.disconnect();
    cancelAnimationFrame(this.frame);
  }

  override componentDidUpdate(before: Props<Row>): void {
    const { active, editing } = this.props;
    if (active !== before.active || editing !== before.editing) this.reveal(active);
    if (this.wantsFocus && !editing) this.focusActive();
    this.tellSight();
  }

  /** Put the focus on the active cell with the next drawing. */
  focus(): void {
    this.wantsFocus = true;
    this.reveal(this.props.active);
    this.forceUpdate();
  }

  private get extent(): Extent {
    const { scrollTop, height } = this.state;
    return { total: this.props.total, rowHeight: ROW, viewport: Math.max(ROW, height), scrollTop, overscan: OVERSCAN };
  }

  private get bounds(): Bounds {
    const page = Math.floor(this.extent.viewport / ROW);
    return { rows: this.props.total, columns: this.props.columns.length, page };
  }

  /** Where the columns begin: the same array while they are the same, so that rows see that nothing changed. */
  private get starts(): number[] {
    const { columns } = this.props;
    if (this.measured?.columns !== columns) {
      this.measured = { columns, starts: columnStarts(columns.map(({ width }) => width)) };
    }
    return this.measured.starts;
  }

  private get pinned(): number {
    return this.props.columns[0]?.width ?? 0;
  }

  private tellSight(): void {
    const { first, end } = rowsInSight(this.extent);
    const sight = `${first} ${end} ${this.props.total}`;
    if (sight === this.sight) return;
    this.sight = sight;
    this.props.onSight(first, end);
  }

  private reveal({ row, column }: Cell): void {
    const box = this.box.current;
    if (!box) return;
    const top = scrollToRow(row, this.extent);
    if (top !== this.state.scrollTop) box.scrollTop = top;
    if (!column) return;
    const shifted = this.starts.map((start) => start - this.pinned);
    const left = scrollToColumn(column, shifted, this.state.scrollLeft, this.state.width, this.pinned);
    if (left !== this.state.scrollLeft) box.scrollLeft = left;
  }

  private focusActive(): void {
    const { row, column } = this.props.active;
    const cell = this.box.current?.querySelector<HTMLElement>(`[data-row="${row}"][data-column="${column}"]`);
    if (!cell) return;
    this.wantsFocus = false;
    cell.focus({ preventScroll: true });
  }

  private readonly onScroll = (): void => {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      const box = this.box.current;
      if (box) this.setState({ scrollTop: box.scrollTop, scrollLeft: box.scrollLeft });
    });
  };

  private readonly onKeyDown = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    if (target.dataset["row"] === undefined || event.isComposing) return;
    const command = commandOf(keyOf(event), this.props.active, this.bounds);
    if (!command) return;
    event.preventDefault();
    this.wantsFocus = true;
    if (command.do === "move") this.props.onActive(command.to);
    else this.props.onCommand(command);
  };

  private readonly onPointer = (event: MouseEvent): void => {
    const target = event.target as HTMLElement;
    const cell = target.closest<HTMLElement>("[data-row]");
    if (!cell || target.closest("textarea, button, a")) return;
    const at = { row: Number(cell.dataset["row"]), column: Number(cell.dataset["column"]) };
    const { active } = this.props;
    this.wantsFocus = true;
    if (event.type === "dblclick") this.props.onCommand({ do: "edit", typed: null });
    else if (at.row !== active.row || at.column !== active.column) this.props.onActive(at);
  };

  private readonly onSave = (text: string, to: Cell): void => {
    // Where the focus went elsewhere by a click, it stays there.
    const focused = document.activeElement;
    this.wantsFocus = focused === document.body || !!this.box.current?.contains(focused);
    this.props.onSave(text, to);
  };

  private readonly onDiscard = (): void => {
    this.wantsFocus = true;
    this.props.onDiscard();
  };

  override render(): JSX.Element {
    const { label, columns, total, describedBy } = this.props;
    const { starts } = this;
    const width = starts[starts.length - 1] ?? 0;
    const span = rowsInSight(this.extent);
    const sideways = columnsInSight(starts, this.state.scrollLeft + this.pinned, this.state.width - this.pinned, 1);
    return (
      <div
        ref={this.box}
        class="grid"
        role="grid"
        aria-label={label}
        aria-describedby={describedBy}
        aria-rowcount={total + 1}
        aria-colcount={columns.length}
        onScroll={this.onScroll}
        onKeyDown={this.onKeyDown}
        onClick={this.onPointer}
        onDblClick={this.onPointer}
      >
        <div role="rowgroup" class="grid-head" style={{ width: `${width}px` }}>
          <div role="row" aria-rowindex={1} class="grid-row">
            {columns.map((column, at) =>
              at && (at < sideways.first || at >= sideways.end) ? null : (
                <div
                  key={column.id}
                  role="columnheader"
                  aria-colindex={at + 1}
                  class={`grid-cell ${column.numeric ? "is-number" : ""}`}
                  style={at ? { left: `${starts[at]}px`, width: `${column.width}px` } : { width: `${column.width}px` }}
                  title={column.title}
                >
                  <span class="grid-text">{column.title}</span>
                </div>
              ),
            )}
          </div>
        </div>
        <div role="rowgroup" class="grid-body" style={{ height: `${span.height}px`, width: `${width}px` }}>
          {this.rows(span.first, span.end, span.top, starts, width, sideways)}
        </div>
      </div>
    );
  }

  /** The rows in sight, and the one with the focus: what has the focus may not go away. */
  private rows(
    first: number,
    end: number,
    top: number,
    starts: readonly number[],
    width: number,
    sideways: { first: number; end: number },
  ): JSX.Element[] {
    const { active, total, columns, rowAt, view, tone } = this.props;
    // Rows that leave the sight lend their elements to those that come. Not the one with the focus: a focus that
    // stays while its row changes would not be read out.
    const most = Math.ceil(this.extent.viewport / ROW) + 2 * OVERSCAN + 2;
    const indexes = Array.from({ length: end - first }, (_, at) => first + at);
    if (active.row < total && (active.row < first || active.row >= end)) indexes.push(active.row);
    return indexes.map((index) => {
      const isActive = index === active.row;
      // The column with the focus is drawn in its row even where it is out of sight.
      const from = isActive && active.column ? Math.min(sideways.first, active.column) : sideways.first;
      const to = isActive ? Math.max(sideways.end, active.column + 1) : sideways.end;
      return (
        <GridRow<Row>
          key={isActive ? `active ${index}` : index % most}
          index={index}
          row={rowAt(index)}
          top={index < first ? -ROW * 2 : top + (Math.min(index, end + 1) - first) * ROW}
          height={ROW}
          width={width}
          columns={columns}
          starts={starts}
          first={from}
          end={to}
          active={isActive ? active.column : -1}
          editor={isActive ? this.editor() : null}
          view={view}
          tone={tone}
        />
      );
    });
  }

  private editor(): JSX.Element | null {
    const { editing, active } = this.props;
    if (!editing) return null;
    return (
      <CellEditor
        key={`${active.row} ${active.column}`}
        label={editing.label}
        text={editing.text}
        at={active}
        bounds={this.bounds}
        onSave={this.onSave}
        onDiscard={this.onDiscard}
      />
    );
  }
}
