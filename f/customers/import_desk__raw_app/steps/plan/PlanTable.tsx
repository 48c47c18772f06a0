import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { errorOfCall } from "../../lib/errors";
import { number } from "../../lib/format";
import type { Cell, Command } from "../../lib/keyboard";
import { Pages } from "../../lib/pages";
import { oneLine } from "../../parts/grid/GridRow";
import { Grid, type CellView, type GridColumn } from "../../parts/grid/Grid";
import { ErrorNotice } from "../../parts/Notice";
import { Segmented } from "../../parts/Segmented";
import { server } from "../../server";
import { t } from "../../texts";
import type { Action, PlanRow } from "../../types";

const COLUMNS: GridColumn[] = [
  { id: "line", title: t.plan.line, width: 96 },
  { id: "action", title: t.plan.action, width: 124 },
  { id: "key", title: t.plan.key, width: 270 },
  { id: "change", title: t.plan.change, width: 420 },
  { id: "why", title: t.plan.why, width: 320 },
];
export const LOOKS: Record<Action, string> = {
  create: "good",
  update: "accent",
  unchanged: "",
  skip: "",
  refuse: "bad",
  hold: "warn",
  unread: "warn",
};

interface Props {
  draft: string;
  counts: Partial<Record<Action, number>>;
}

/** Each row of a plan: what would become of it, and field by field what would change. */
export function PlanTable({ draft, counts }: Props) {
  const [action, setAction] = useState<Action | "">("");
  const [active, setActive] = useState<Cell>({ row: 0, column: 0 });
  const [, redraw] = useState({});
  const pages = useMemo(
    () =>
      new Pages<PlanRow>({
        changed: () => redraw({}),
        load: (offset, limit) => server.list_plan({ draft, action, offset, limit }),
      }),
    [draft, action],
  );
  useEffect(() => {
    pages.want(0, 40);
    return () => pages.close();
  }, [pages]);
  const rowAt = useRef<(index: number) => PlanRow | undefined>(() => undefined);
  rowAt.current = (index) => pages.row(index);
  const named = (Object.keys(t.plan.actions) as (keyof typeof counts)[]).filter((name) => counts[name]);
  const all = named.reduce((sum, name) => sum + (counts[name] ?? 0), 0);
  return (
    <>
      <div class="filters">
        <h2 class="grow">{t.plan.table}</h2>
        <Segmented
          label={t.plan.filter}
          value={action}
          options={[
            { value: "" as const, text: `${t.plan.all} ${number(all)}` },
            ...named.map((name) => ({ value: name, text: `${t.plan.actions[name]} ${number(counts[name] ?? 0)}` })),
          ]}
          onChange={(next) => {
            setAction(next);
            setActive({ row: 0, column: 0 });
          }}
        />
      </div>
      <ErrorNotice error={pages.failure === null ? null : errorOfCall(pages.failure)} again={() => pages.retry()} />
      <div class="row-table">
        <Grid<PlanRow>
          label={t.plan.table}
          columns={COLUMNS}
          total={pages.total ?? 1}
          rowAt={(index) => rowAt.current(index)}
          view={view}
          tone={toneOf}
          active={active}
          editing={null}
          onSight={(first, end) => pages.want(first, end)}
          onActive={setActive}
          onCommand={ignore}
          onSave={ignore}
          onDiscard={ignore}
        />
        <PlanInspector row={pages.row(active.row)} />
      </div>
    </>
  );
}

const ignore = (_: Command | string | void): void => undefined;

const toneOf = (): string => "";

function view(row: PlanRow, column: number): CellView {
  switch (COLUMNS[column]?.id) {
    case "line":
      return { text: number(row.line) };
    case "action":
      return { text: "", content: <span class={`badge ${LOOKS[row.action]}`}>{t.plan.actions[row.action]}</span> };
    case "key":
      return { text: row.key };
    case "change":
      return { text: inShort(row) };
    default:
      return { text: row.reason, tone: "is-quiet" };
  }
}

/** The first change of a row, and how many more there are. */
function inShort({ changes }: PlanRow): string {
  const [first, ...others] = changes;
  if (!first) return "";
  const before = first.before ? `${first.before} → ` : "";
  return `${first.field}: ${before}${first.after || t.plan.nothing}${others.length ? ` ${t.plan.more(others.length)}` : ""}`;
}

function PlanInspector({ row }: { row: PlanRow | undefined }) {
  if (!row) return <div class="inspector muted">{t.plan.inspectorNone}</div>;
  return (
    <section class="inspector" aria-labelledby="planned" tabIndex={0}>
      <div class="inspector-head">
        <h3 id="planned">{t.rows.inspector(row.line)}</h3>
        <span class={`badge ${LOOKS[row.action]}`}>{t.plan.actions[row.action]}</span>
        <span class="muted">{t.plan.meanings[row.action]}</span>
        {row.id && <span class="technical">{t.plan.id(row.id)}</span>}
      </div>
      {row.reason && <p>{row.reason}</p>}
      {row.changes.length > 0 && (
        <table class="changes">
          <caption class="hidden">{t.plan.change}</caption>
          <thead>
            <tr>
              <th scope="col">{t.plan.field}</th>
              <th scope="col">{t.plan.before}</th>
              <th scope="col">{t.plan.after}</th>
            </tr>
          </thead>
          <tbody>
            {row.changes.map(({ field, before, after }) => (
              <tr key={field}>
                <th scope="row">{field}</th>
                <td class="before">{before ? oneLine(before) : <span class="muted">{t.plan.nothing}</span>}</td>
                <td class="after">{after ? oneLine(after) : <span class="muted">{t.plan.nothing}</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
