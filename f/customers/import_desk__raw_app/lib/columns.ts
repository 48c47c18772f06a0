// What the page must know of columns to change the mapping: pure.

import type { FieldInfo, PreviewColumn } from "../types";

const CUSTOM = "custom: ";

export const isCustom = (field: string): boolean => field.startsWith(CUSTOM);
export const customName = (field: string): string => field.slice(CUSTOM.length);
export const custom = (name: string): string => `${CUSTOM}${name}`;

/** Return how the mapping names a column: by its title, and its place where the title is not its own. */
export function columnKey(column: PreviewColumn, columns: PreviewColumn[]): string {
  const alone = column.header !== "" && columns.filter((one) => one.header === column.header).length === 1;
  return alone ? column.header : `${column.header} (column ${column.number})`.trim();
}

/** Return the column that a field comes from. */
export function columnOf(field: string, columns: PreviewColumn[]): PreviewColumn | undefined {
  return field ? columns.find((column) => column.field === field) : undefined;
}

export type Mapping = Record<string, string>;

/** Return the mapping with one more choice; `leftOut`: the column that had the field until now. */
export function withField(
  mapping: Mapping,
  columns: PreviewColumn[],
  column: PreviewColumn,
  field: string,
  leftOut?: PreviewColumn,
): Mapping {
  const next = { ...mapping, [columnKey(column, columns)]: field };
  if (leftOut) next[columnKey(leftOut, columns)] = "";
  return next;
}

export function titleOf(field: string, fields: FieldInfo[]): string {
  return fields.find((one) => one.name === field)?.title || field;
}
