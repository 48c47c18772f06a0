// Which rows and columns of a large table are in sight, and where they stand. Pure.

// Browsers draw no element higher than this (Firefox: 17.8 million px). Beyond it, the scrollbar stands for
// more rows than it has pixels for, and a step of it moves several rows.
const HIGHEST = 15_000_000;

export interface Extent {
  total: number;
  rowHeight: number;
  /** Height in px of what is in sight, without the header. */
  viewport: number;
  scrollTop: number;
  /** Rows kept ready above and below. */
  overscan: number;
}

export interface Span {
  /** The first row to draw, and the one after the last. */
  first: number;
  end: number;
  /** Where the first stands, in px from the top of the table's body. */
  top: number;
  /** The height of the table's body. */
  height: number;
}

/** Return the rows to draw. */
export function rowsInSight({ total, rowHeight, viewport, scrollTop, overscan }: Extent): Span {
  const full = total * rowHeight;
  const height = Math.min(full, HIGHEST);
  const at = clamp(scrollTop, 0, Math.max(0, height - viewport));
  const place = at * stretch(full, height, viewport);
  const first = Math.max(0, Math.floor(place / rowHeight) - overscan);
  const end = Math.min(total, Math.ceil((place + viewport) / rowHeight) + overscan);
  return { first, end, top: at - place + first * rowHeight, height };
}

/** Return where to scroll so that a row is wholly in sight: no further than needed. */
export function scrollToRow(row: number, { total, rowHeight, viewport, scrollTop }: Extent): number {
  const full = total * rowHeight;
  const height = Math.min(full, HIGHEST);
  const factor = stretch(full, height, viewport);
  const place = clamp(scrollTop, 0, Math.max(0, height - viewport)) * factor;
  const top = row * rowHeight;
  if (top < place) return top / factor;
  if (top + rowHeight > place + viewport) return Math.max(0, (top + rowHeight - viewport) / factor);
  return scrollTop;
}

function stretch(full: number, height: number, viewport: number): number {
  return height > viewport && full > height ? (full - viewport) / (height - viewport) : 1;
}

/** Return where each column begins, and at the end where the last one ends, in px. */
export function columnStarts(widths: readonly number[]): number[] {
  const starts = [0];
  for (const width of widths) starts.push((starts[starts.length - 1] ?? 0) + width);
  return starts;
}

/** Return the columns to draw of those that begin at `starts`: the first, and the one after the last. */
export function columnsInSight(
  starts: readonly number[],
  scrollLeft: number,
  viewport: number,
  overscan: number,
): { first: number; end: number } {
  const columns = Math.max(0, starts.length - 1);
  const first = lastAtOrBefore(starts, Math.max(0, scrollLeft));
  const last = lastAtOrBefore(starts, Math.max(0, scrollLeft) + viewport);
  return {
    first: Math.max(0, Math.min(first, columns) - overscan),
    end: Math.min(columns, last + 1 + overscan),
  };
}

/** Return where to scroll sideways so that a column is in sight; `pinned` px at the left cover what is below. */
export function scrollToColumn(
  column: number,
  starts: readonly number[],
  scrollLeft: number,
  viewport: number,
  pinned: number,
): number {
  const left = starts[column] ?? 0;
  const right = starts[column + 1] ?? left;
  const room = Math.max(0, viewport - pinned);
  if (left < scrollLeft || right - left > room) return left;
  return right > scrollLeft + room ? right - room : scrollLeft;
}

/** Return widths in px for columns, by what the first rows hold. They stay, so that nothing moves later. */
export function columnWidths(header: readonly string[], rows: readonly (readonly string[])[]): number[] {
  return header.map((name, index) => {
    const longest = rows.reduce((most, cells) => Math.max(most, (cells[index] ?? "").length), name.length);
    return clamp(Math.round(longest * 8.2) + 30, 92, 290);
  });
}

function lastAtOrBefore(starts: readonly number[], place: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= place) low = middle;
    else high = middle - 1;
  }
  return low;
}

export function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
