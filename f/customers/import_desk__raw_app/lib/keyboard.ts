// The keyboard of a table whose cells can be changed: what a key means, and where the focus goes. Pure.
// After the pattern of the ARIA Authoring Practices for grids, with the keys of spreadsheets.

export interface Cell {
  row: number;
  column: number;
}

export interface Bounds {
  rows: number;
  columns: number;
  /** Rows that are in sight: a page up or down. */
  page: number;
}

export interface Key {
  key: string;
  ctrl: boolean;
  shift: boolean;
  alt: boolean;
}

export type Command =
  | { do: "move"; to: Cell }
  | { do: "edit"; typed: string | null }
  | { do: "accept" }
  | { do: "alike" }
  | { do: "exclude" }
  | { do: "undo" }
  | { do: "next"; step: 1 | -1 };

export type EditCommand = { do: "save"; to: Cell } | { do: "discard" };

/** Return what a key means while the focus is on a cell; null leaves it to the browser. */
export function commandOf(key: Key, at: Cell, bounds: Bounds): Command | null {
  const to = movement(key, at, bounds);
  if (to) return { do: "move", to };
  if (key.key === "F8") return { do: "next", step: key.shift ? -1 : 1 };
  if (key.ctrl) return key.key.toLowerCase() === "z" && !key.shift && !key.alt ? { do: "undo" } : null;
  if (key.alt) return null;
  if (key.key === " ") return key.shift ? { do: "alike" } : { do: "accept" };
  if (key.key === "Delete") return { do: "exclude" };
  if (key.key === "Enter" || key.key === "F2") return { do: "edit", typed: null };
  return isText(key.key) ? { do: "edit", typed: key.key } : null;
}

/** Return what a key means while a cell is edited; null leaves it to the field. */
export function editCommandOf(key: Key, at: Cell, bounds: Bounds): EditCommand | null {
  if (key.key === "Escape") return { do: "discard" };
  if (key.ctrl || key.alt) return null;
  if (key.key === "Enter") return { do: "save", to: within(at.row + (key.shift ? -1 : 1), at.column, bounds) };
  if (key.key === "Tab") return { do: "save", to: nextCell(at, key.shift ? -1 : 1, bounds) };
  return null;
}

function movement(key: Key, { row, column }: Cell, bounds: Bounds): Cell | null {
  if (key.alt) return null;
  const far = key.ctrl;
  switch (key.key) {
    case "ArrowUp":
      return within(far ? 0 : row - 1, column, bounds);
    case "ArrowDown":
      return within(far ? bounds.rows - 1 : row + 1, column, bounds);
    case "ArrowLeft":
      return within(row, far ? 0 : column - 1, bounds);
    case "ArrowRight":
      return within(row, far ? bounds.columns - 1 : column + 1, bounds);
    case "Home":
      return within(far ? 0 : row, 0, bounds);
    case "End":
      return within(far ? bounds.rows - 1 : row, bounds.columns - 1, bounds);
    case "PageUp":
      return far ? null : within(row - Math.max(1, bounds.page - 1), column, bounds);
    case "PageDown":
      return far ? null : within(row + Math.max(1, bounds.page - 1), column, bounds);
    default:
      return null;
  }
}

/** Return the cell after (or before) one, in the order of reading; the last stays. */
export function nextCell({ row, column }: Cell, step: 1 | -1, bounds: Bounds): Cell {
  const index = row * bounds.columns + column + step;
  const most = bounds.rows * bounds.columns - 1;
  const place = Math.min(Math.max(index, 0), Math.max(0, most));
  return { row: Math.floor(place / bounds.columns), column: place % bounds.columns };
}

/** Return a cell that the table has, as near as can be. */
export function within(row: number, column: number, bounds: Bounds): Cell {
  return {
    row: Math.min(Math.max(row, 0), Math.max(0, bounds.rows - 1)),
    column: Math.min(Math.max(column, 0), Math.max(0, bounds.columns - 1)),
  };
}

function isText(key: string): boolean {
  return [...key].length === 1;
}

interface KeyPress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
}

/** Return what a key event says, with Control and the Mac's Command taken for the same. */
export function keyOf(event: KeyPress): Key {
  return { key: event.key, ctrl: event.ctrlKey || event.metaKey, shift: event.shiftKey, alt: event.altKey };
}
