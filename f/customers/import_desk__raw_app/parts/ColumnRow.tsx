import { useState } from "preact/hooks";
import { columnOf, custom, customName, isCustom, titleOf } from "../lib/columns";
import { t } from "../texts";
import type { FieldInfo, PreviewColumn } from "../types";
import { Button } from "./Button";
import { FIELD_TYPE } from "./FieldPalette";
import { TextField } from "./Field";
import { Select } from "./Select";
import type { Option, OptionGroup } from "./Select";

const NEW_CUSTOM = "\u0000custom"; // no field has such a name
const SAMPLES = 4;

interface Props {
  column: PreviewColumn;
  columns: PreviewColumn[];
  fields: FieldInfo[];
  /** There is a question about it. */
  asked: boolean;
  /** The field that is being dragged, if any. */
  dragging: string;
  clash: { field: string; holder: PreviewColumn } | null;
  onAssign: (column: PreviewColumn, field: string, leftOut?: PreviewColumn) => void;
}

/** One column of the file: what is in it, what it becomes, and why. */
export function ColumnRow({ column, columns, fields, asked, dragging, clash, onAssign }: Props) {
  const [over, setOver] = useState(false);
  const [naming, setNaming] = useState<string | null>(null);
  const title = column.header || t.columns.nameless(String(column.number));
  const state = column.field ? (isCustom(column.field) ? "custom" : "taken") : "left-out";

  return (
    <li
      class={`column ${state}${asked ? " asked" : ""}${over ? " over" : ""}`}
      onDragOver={(event) => {
        if (!event.dataTransfer?.types.includes(FIELD_TYPE)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        const field = event.dataTransfer?.getData(FIELD_TYPE);
        if (field && fields.some((one) => one.name === field)) onAssign(column, field);
      }}
    >
      <div class="column-head">
        <span class="column-number" aria-hidden="true">
          {column.number}
        </span>
        <h3 title={title}>{title}</h3>
      </div>
      <Samples samples={column.samples} />
      <div class="column-field">
        <Select
          bare
          label={t.columns.label(title)}
          value={column.field}
          options={options(column, columns, fields)}
          onChange={(value) => {
            if (value === NEW_CUSTOM) return setNaming(column.header);
            setNaming(null);
            onAssign(column, value);
          }}
        />
        {over ? (
          <p class="hint column-why">{t.columns.drop_here(titleOf(dragging, fields))}</p>
        ) : (
          <p class="hint column-why" title={column.reason}>
            {column.how === "mapping" ? t.columns.chosen : column.reason || "\u00a0"}
          </p>
        )}
      </div>
      {naming !== null && (
        <div class="column-more naming" ref={bringIntoSight}>
          <TextField label={t.columns.custom_name} value={naming} maxLength={100} onInput={setNaming} />
          <div class="actions">
            <Button small onClick={() => setNaming(null)}>
              {t.common.cancel}
            </Button>
            <Button
              small
              kind="primary"
              disabled={!naming.trim()}
              onClick={() => {
                onAssign(column, custom(naming.trim()));
                setNaming(null);
              }}
            >
              {t.columns.custom_set}
            </Button>
          </div>
        </div>
      )}
      {clash && (
        <div class="column-more" role="alert" ref={bringIntoSight}>
          <p class="error">{t.columns.twice(titleOf(clash.field, fields), String(clash.holder.number))}</p>
          <div class="actions">
            <Button small onClick={() => onAssign(column, clash.field, clash.holder)}>
              {t.columns.take_over(String(clash.holder.number))}
            </Button>
            <Button small kind="quiet" onClick={() => onAssign(column, column.field)}>
              {t.common.cancel}
            </Button>
          </div>
        </div>
      )}
    </li>
  );
}

const bringIntoSight = (element: HTMLElement | null): void => element?.scrollIntoView({ block: "nearest" });

function Samples({ samples }: { samples: string[] }) {
  const seen = samples.filter((sample) => sample.trim()).slice(0, SAMPLES);
  if (!seen.length) return <p class="samples none muted">{t.columns.no_values}</p>;
  return (
    <ul class="samples" aria-label={t.columns.samples}>
      {seen.map((sample, at) => (
        <li key={at} title={sample.length > 30 ? sample : undefined}>
          {sample}
        </li>
      ))}
    </ul>
  );
}

function options(column: PreviewColumn, columns: PreviewColumn[], fields: FieldInfo[]): (Option | OptionGroup)[] {
  const all = fields.map(({ name, title, required }) => {
    const holder = columnOf(name, columns);
    const elsewhere = holder && holder.number !== column.number ? ` \u2013 ${t.columns.in_column(String(holder.number))}` : "";
    return { value: name, text: `${title || name}${required ? ` (${t.columns.required})` : ""}${elsewhere}`, elsewhere };
  });
  const own = isCustom(column.field) ? [{ value: column.field, text: t.columns.custom(customName(column.field)) }] : [];
  return [
    { value: "", text: t.columns.leave_out },
    ...own,
    { value: NEW_CUSTOM, text: t.columns.custom_other },
    { label: t.columns.group_free, options: all.filter((one) => !one.elsewhere) },
    { label: t.columns.group_taken, options: all.filter((one) => one.elsewhere) },
  ].filter((one) => !("options" in one) || one.options.length);
}
