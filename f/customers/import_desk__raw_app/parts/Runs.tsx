import { useState } from "preact/hooks";
import { duration, number, time } from "../lib/format";
import { PLANNED } from "../lib/plans";
import { server } from "../server";
import { t } from "../texts";
import type { Draft, ListedRun } from "../types";
import { Download } from "./Download";
import { useLoaded } from "./hooks";
import { ErrorNotice } from "./Notice";
import "./runs.css";

const LOOKS: Record<ListedRun["state"], string> = { running: "accent", succeeded: "good", failed: "bad", canceled: "warn" };

/** All runs of an import, the last one first, each with its outcome and its report; asked for once they are shown. */
export function Runs({ draft, open = false }: { draft: Draft; open?: boolean }) {
  const [isOpen, setOpen] = useState(open);
  const seen = Object.values(draft.runs).map(({ job, ended }) => job + ended?.at);
  return (
    <details class="panel" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t.runs.heading}</summary>
      {isOpen && <List draft={draft.id} seen={seen.join()} />}
    </details>
  );
}

/** `seen` changes with the runs. */
function List({ draft, seen }: { draft: string; seen: string }) {
  const { value, error, reload } = useLoaded((signal) => server.list_runs(draft, { signal }), seen);
  if (!value) return error ? <ErrorNotice error={error} again={reload} /> : <p class="muted">{t.common.loading}</p>;
  return (
    <>
      <ul class="runs" aria-label={t.runs.heading}>
        {value.runs.map((run) => (
          <Run key={run.job} draft={draft} run={run} />
        ))}
      </ul>
      {value.total > value.runs.length && <p class="muted">{t.runs.more(value.total - value.runs.length)}</p>}
    </>
  );
}

/** An outcome of an import, or what a plan calls it. */
const nameOf = (name: string): string =>
  (t.report.names as Record<string, string>)[name] ?? (t.plan.actions as Record<string, string>)[PLANNED[name] ?? name] ?? name;

function Run({ draft, run }: { draft: string; run: ListedRun }) {
  const { rows = 0, ...counts } = run.counts;
  const said = Object.entries(counts).map(([name, count]) => `${nameOf(name)} ${number(count)}`);
  if (rows) said.unshift(t.common.rows(rows, number(rows)));
  return (
    <li>
      <div class="grow">
        <p class="run-head">
          <strong>{t.runs.kinds[run.kind]}</strong> <span class={`badge ${LOOKS[run.state]}`}>{t.runs.states[run.state]}</span>{" "}
          <span class="muted">{[time(run.at), run.by, run.seconds && duration(run.seconds)].filter(Boolean).join(", ")}</span>
        </p>
        {said.length > 0 && <p>{said.join(", ")}</p>}
        {run.message && <p class="muted">{run.message}</p>}
      </div>
      {run.files.includes("report") && (
        <Download small draft={draft} what="report" run={run.job} text={t.runs.download} />
      )}
    </li>
  );
}
