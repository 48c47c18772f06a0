import { columnOf } from "../lib/columns";
import { t } from "../texts";
import type { FieldInfo, PreviewColumn } from "../types";

export const FIELD_TYPE = "application/x-import-field";

interface Props {
  fields: FieldInfo[];
  columns: PreviewColumn[];
  onDrag: (field: string) => void;
}

/** All fields, and where each comes from. They can be dragged to a column; the columns' own lists do the same. */
export function FieldPalette({ fields, columns, onDrag }: Props) {
  return (
    <aside class="palette" aria-labelledby="palette">
      <h2 id="palette">{t.columns.fields}</h2>
      <ul>
        {fields.map((field) => {
          const holder = columnOf(field.name, columns);
          return (
            <li
              key={field.name}
              class={`chip${holder ? " taken" : ""}`}
              title={field.meaning}
              draggable
              onDragStart={(event) => {
                event.dataTransfer?.setData(FIELD_TYPE, field.name);
                onDrag(field.name);
              }}
              onDragEnd={() => onDrag("")}
            >
              <span class="chip-name">
                {field.title || field.name}
                {field.required && <span class="muted"> {t.columns.required}</span>}
              </span>
              <span class={holder ? "badge accent" : field.required ? "badge warn" : "muted chip-free"}>
                {holder ? t.columns.in_column(String(holder.number)) : t.columns.free}
              </span>
            </li>
          );
        })}
      </ul>
    </aside>
  );
}
