import { Component, type JSX, type VNode } from "preact";

export interface GridColumn {
  id: string;
  title: string;
  /** In px; it stays, so that nothing moves. */
  width: number;
  numeric?: boolean;
}

/** What a cell shows. `note` is read out after the text, `tone` is its look. */
export interface CellView {
  text: string;
  tone?: string | undefined;
  note?: string | undefined;
  /** In place of the text. */
  content?: VNode | undefined;
  invalid?: boolean | undefined;
}

export interface RowProps<Row> {
  index: number;
  row: Row | undefined;
  /** Where it stands, in px from the top of the body. */
  top: number;
  height: number;
  width: number;
  columns: readonly GridColumn[];
  starts: readonly number[];
  /** The columns to draw: the first one always, and those from `first` up to `end`. */
  first: number;
  end: number;
  /** The column of the cell that has the focus, or -1. */
  active: number;
  editor: VNode | null;
  view: (row: Row, column: number) => CellView;
  tone: (row: Row) => string;
}

/** A row of a table whose cells take the focus. It is drawn again only where something of it changed. */
export class GridRow<Row> extends Component<RowProps<Row>> {
  override shouldComponentUpdate(next: RowProps<Row>): boolean {
    const now = this.props;
    return (Object.keys(next) as (keyof RowProps<Row>)[]).some((name) => next[name] !== now[name]);
  }

  override render(): JSX.Element {
    const { index, row, top, height, width, columns, first, end } = this.props;
    const style = { transform: `translateY(${top}px)`, height: `${height}px`, width: `${width}px` };
    const drawn = columns.slice(Math.max(1, first), end).map((_, at) => Math.max(1, first) + at);
    return (
      <div role="row" aria-rowindex={index + 2} class={`grid-row ${row ? this.props.tone(row) : "is-coming"}`} style={style}>
        {this.cell(0)}
        {drawn.map((column) => this.cell(column))}
      </div>
    );
  }

  private cell(column: number): VNode | null {
    const { index, row, columns, starts, active, editor, view } = this.props;
    const shape = columns[column];
    if (!shape) return null;
    const seen: CellView = row ? view(row, column) : { text: "" };
    const isActive = active === column;
    const style = column ? { left: `${starts[column]}px`, width: `${shape.width}px` } : { width: `${shape.width}px` };
    return (
      <div
        key={column}
        // A header without a text heads nothing: a row that is still to come has none.
        role={row && !column ? "rowheader" : "gridcell"}
        aria-colindex={column + 1}
        aria-invalid={seen.invalid ? "true" : undefined}
        aria-busy={row ? undefined : "true"}
        tabIndex={isActive && !editor ? 0 : -1}
        data-row={index}
        data-column={column}
        class={`grid-cell ${shape.numeric ? "is-number" : ""} ${seen.tone ?? ""} ${isActive ? "is-active" : ""}`}
        style={style}
        title={seen.text.length > 12 ? seen.text : undefined}
      >
        {isActive && editor ? editor : (seen.content ?? <span class="grid-text">{oneLine(seen.text)}</span>)}
        {seen.note && !(isActive && editor) ? <span class="hidden">{`. ${seen.note}`}</span> : null}
      </div>
    );
  }
}

/** Line ends can be seen, so that a cell of two lines is not taken for one. */
export function oneLine(text: string): string {
  return text.replace(/\r\n|\r|\n/g, " ↵ ");
}
