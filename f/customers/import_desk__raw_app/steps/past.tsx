import "./past.css";
import { useEffect, useState } from "preact/hooks";
import { announce } from "../parts/announce";
import { Button } from "../parts/Button";
import { Dialog } from "../parts/Dialog";
import { useAction, useLoaded } from "../parts/hooks";
import { ErrorNotice } from "../parts/Notice";
import { Table } from "../parts/Table";
import { number, time } from "../lib/format";
import { formatRoute } from "../lib/router";
import { server } from "../server";
import { t } from "../texts";
import type { DraftList, ListedDraft, Stage } from "../types";

const LOOK_AGAIN_MS = 5000;
const MOVING: Stage[] = ["applying", "waiting", "reading"];
const KINDS: Record<Stage, string> = {
  uploading: "warn",
  reading: "",
  mending: "",
  planned: "accent",
  applying: "accent",
  waiting: "warn",
  done: "good",
  failed: "bad",
  canceled: "warn",
};

/** Imports that were begun: those under way, and those of the past. */
export function Past() {
  const [older, setOlder] = useState<DraftList>({ drafts: [], more: false });
  const [asked, setAsked] = useState<ListedDraft | null>(null);
  const newest = useLoaded((signal) => server.list_drafts({}, { signal }), "list");
  const drafts = [...(newest.value?.drafts ?? []), ...older.drafts];
  const more = older.drafts.length ? older.more : (newest.value?.more ?? false);
  useAgain(newest.reload, !newest.busy && drafts.some((draft) => MOVING.includes(draft.stage)));

  const showOlder = useAction(async () => {
    const next = await server.list_drafts({ before: drafts.at(-1)?.id ?? "" });
    setOlder({ drafts: [...older.drafts, ...next.drafts], more: next.more });
  });
  const remove = useAction(async () => {
    if (!asked) return;
    await server.drop_draft(asked.id);
    announce(t.past.removed(asked.name));
    setOlder({ ...older, drafts: older.drafts.filter((one) => one.id !== asked.id) });
    setAsked(null);
    newest.reload();
  });

  return (
    <section class="past">
      <h2>{t.past.heading}</h2>
      <ErrorNotice error={newest.error} again={newest.reload} />
      {!newest.value && !newest.error && <p class="muted past-empty">{t.common.loading}</p>}
      {newest.value && !drafts.length && <p class="muted past-empty">{t.past.empty}</p>}
      {drafts.length > 0 && <List drafts={drafts} onRemove={setAsked} />}
      {more && (
        <div class="actions">
          <Button busy={showOlder.busy} onClick={showOlder.run}>
            {t.past.more}
          </Button>
        </div>
      )}
      <ErrorNotice error={showOlder.error} again={showOlder.run} />
      {asked && (
        <Dialog
          danger
          title={t.past.remove_title}
          yes={t.past.remove_yes}
          busy={remove.busy}
          onYes={remove.run}
          onClose={() => setAsked(null)}
        >
          <p>{t.past.remove_text(asked.name)}</p>
          <ErrorNotice error={remove.error} />
        </Dialog>
      )}
    </section>
  );
}

function List({ drafts, onRemove }: { drafts: ListedDraft[]; onRemove: (draft: ListedDraft) => void }) {
  return (
    <Table caption={t.past.heading} bare>
      <thead>
        <tr>
          <th scope="col">{t.past.file}</th>
          <th scope="col">{t.past.stage}</th>
          <th scope="col">{t.past.rows}</th>
          <th scope="col">
            <span class="hidden">{t.past.actions}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {drafts.map((draft) => (
          <tr key={draft.id}>
            <th scope="row">
              <a class="past-name" href={formatRoute({ page: "draft", id: draft.id, step: "" })}>
                {draft.name}
              </a>
              <span class="hint">
                {time(draft.created_at)}
                {draft.created_by && `, ${draft.created_by}`}
                {draft.cleared && `, ${t.past.cleared}`}
              </span>
            </th>
            <td>
              <span class={`badge ${KINDS[draft.stage] ?? ""}`}>{t.past.stages[draft.stage] ?? draft.stage}</span>
            </td>
            <td>
              <RowCounts draft={draft} />
            </td>
            <td class="past-actions">
              <Button small kind="quiet" aria-label={t.past.remove_label(draft.name)} onClick={() => onRemove(draft)}>
                {t.past.remove}
              </Button>
            </td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

function RowCounts({ draft: { rows, counts } }: { draft: ListedDraft }) {
  const names = Object.entries(t.past.outcomes).filter(([name]) => counts[name]);
  return (
    <>
      {rows > 0 && <span class="number past-rows">{t.common.rows(rows, number(rows))}</span>}
      <span class="hint">{names.map(([name, text]) => `${number(counts[name] ?? 0)} ${text}`).join(", ")}</span>
    </>
  );
}

/** Look again now and then while something moves and the page is seen. */
function useAgain(reload: () => void, moving: boolean): void {
  useEffect(() => {
    if (!moving) return;
    const timer = setInterval(() => document.visibilityState === "visible" && reload(), LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [moving, reload]);
}
