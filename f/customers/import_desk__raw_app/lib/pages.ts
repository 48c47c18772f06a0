// Rows of a long list, fetched a page at a time when they come into sight, and only so many kept. Pure but for
// the fetching, which is passed in.

export interface Page<Row> {
  total: number;
  rows: Row[];
}

export interface PagesOptions<Row> {
  load: (offset: number, limit: number) => Promise<Page<Row>>;
  /** Called when rows came, went or changed, or could not be fetched. */
  changed: () => void;
  pageRows?: number;
  keptPages?: number;
  atOnce?: number;
}

/**
 * The rows that are known of a list. `want` says which are in sight: missing ones are fetched, a few pages at
 * once, the newest wish first; pages that nobody wants any more are not asked for. `total` is null before the
 * first answer. `failure` is what the last fetch ended with; `retry` asks again.
 */
export class Pages<Row> {
  total: number | null = null;
  failure: unknown = null;
  private readonly kept = new Map<number, Row[]>();
  private readonly underWay = new Set<number>();
  private wanted: number[] = [];
  private closed = false;

  constructor(private readonly options: PagesOptions<Row>) {}

  get pageRows(): number {
    return this.options.pageRows ?? 200;
  }

  /** How many pages are held. */
  get size(): number {
    return this.kept.size;
  }

  row(index: number): Row | undefined {
    return this.kept.get(Math.floor(index / this.pageRows))?.[index % this.pageRows];
  }

  /** Say that rows from `first` up to `end` are in sight. */
  want(first: number, end: number): void {
    const known = this.total ?? this.pageRows;
    const last = Math.floor(Math.max(0, Math.min(end, known) - 1) / this.pageRows);
    this.wanted = [];
    for (let page = Math.floor(Math.max(0, first) / this.pageRows); page <= last; page++) {
      this.touch(page);
      if (!this.kept.has(page)) this.wanted.push(page);
    }
    if (this.failure === null) this.pump();
  }

  /** Ask again for what could not be fetched. */
  retry(): void {
    this.failure = null;
    this.pump();
    this.options.changed();
  }

  /** Put changed rows in the place of those that `same` says they are. */
  replace(rows: readonly Row[], same: (one: Row, other: Row) => boolean): void {
    for (const [page, held] of this.kept) {
      const next = held.map((row) => rows.find((changed) => same(changed, row)) ?? row);
      if (next.some((row, at) => row !== held[at])) this.kept.set(page, next);
    }
    this.options.changed();
  }

  /** Return the index of a held row that `is` says yes to. */
  indexOf(is: (row: Row) => boolean): number | null {
    for (const [page, held] of this.kept) {
      const at = held.findIndex(is);
      if (at >= 0) return page * this.pageRows + at;
    }
    return null;
  }

  /** Forget this list: answers that still come are not heard. */
  close(): void {
    this.closed = true;
    this.kept.clear();
    this.wanted = [];
  }

  private pump(): void {
    while (this.underWay.size < (this.options.atOnce ?? 2)) {
      const page = this.wanted.find((one) => !this.kept.has(one) && !this.underWay.has(one));
      if (page === undefined || this.closed) return;
      void this.load(page);
    }
  }

  private async load(page: number): Promise<void> {
    this.underWay.add(page);
    try {
      const answer = await this.options.load(page * this.pageRows, this.pageRows);
      if (this.closed) return;
      this.total = answer.total;
      this.keep(page, answer.rows);
    } catch (error) {
      if (this.closed) return;
      this.failure = error ?? new Error();
    } finally {
      this.underWay.delete(page);
    }
    if (this.failure === null) this.pump();
    this.options.changed();
  }

  private keep(page: number, rows: Row[]): void {
    this.kept.delete(page);
    this.kept.set(page, rows);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= (this.options.keptPages ?? 20)) break;
      if (!this.wanted.includes(oldest)) this.kept.delete(oldest);
      else this.touch(oldest);
    }
  }

  /** A map keeps its order: what was used last stands last, and is the last to go. */
  private touch(page: number): void {
    const rows = this.kept.get(page);
    if (rows === undefined) return;
    this.kept.delete(page);
    this.kept.set(page, rows);
  }
}
