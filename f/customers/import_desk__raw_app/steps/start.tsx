import "./start.css";
import { useState } from "preact/hooks";
import { announce } from "../parts/announce";
import { Button } from "../parts/Button";
import { DropZone } from "../parts/DropZone";
import { TextField } from "../parts/Field";
import { useAction, useObservable } from "../parts/hooks";
import { ErrorNotice, Notice } from "../parts/Notice";
import { Progress } from "../parts/Progress";
import { goTo } from "../parts/route";
import { beginUpload, cancelUpload, resumeUpload, uploading } from "../parts/uploading";
import type { Uploading } from "../parts/uploading";
import { bytes } from "../lib/format";
import { server, ServerError } from "../server";
import { t } from "../texts";
import type { Draft } from "../types";
import { Past } from "./past";

const open = (draft: Draft): void => goTo({ page: "draft", id: draft.id, step: "reading" });

/** Where an import begins, and where those that were begun are found again. */
export function Start() {
  return (
    <>
      <div class="heading">
        <div>
          <h1>{t.start.heading}</h1>
          <p class="muted">{t.start.lead}</p>
        </div>
      </div>
      <Begin draft={null} onBegun={open} />
      <Past />
    </>
  );
}

/** What an import is whose upload did not finish: the same file again goes on with it. */
export function Unfinished({ draft, onDraft }: { draft: Draft; onDraft: (draft: Draft) => void }) {
  const state = useObservable(uploading);
  const remove = useAction(async () => {
    await server.drop_draft(draft.id);
    goTo({ page: "start" });
  });
  return (
    <>
      <h1>{draft.name}</h1>
      {!state && (
        <Notice
          kind="warn"
          actions={
            <Button small busy={remove.busy} onClick={remove.run}>
              {t.start.drop_unfinished}
            </Button>
          }
        >
          <p>{t.start.unfinished(draft.name)}</p>
        </Notice>
      )}
      <ErrorNotice error={remove.error} again={remove.run} />
      <Begin draft={draft} onBegun={(begun) => (begun.id === draft.id ? onDraft(begun) : open(begun))} />
    </>
  );
}

function Begin({ draft, onBegun }: { draft: Draft | null; onBegun: (draft: Draft) => void }) {
  const state = useObservable(uploading);
  const begin = (file: File) => {
    // Another file is another import.
    const same = draft && draft.name === file.name ? draft : null;
    void beginUpload(file, same, onBegun);
  };
  const shown = state && state.phase !== "canceled" ? state : null;
  return (
    <section class="begin">
      <div class="begin-main">{shown ? <Sending state={shown} /> : <DropZone onFile={begin} />}</div>
      {state?.phase === "canceled" && (
        <Notice>
          <p>{t.start.canceled(state.name)}</p>
        </Notice>
      )}
      {!draft && <Elsewhere />}
    </section>
  );
}

function Sending({ state }: { state: Uploading }) {
  const cancel = useAction(async () => {
    announce(t.start.canceled(state.name));
    await cancelUpload();
  });
  const joining = state.phase === "joining";
  const detail = joining
    ? t.start.joining
    : [t.start.sent(bytes(state.sent), bytes(state.size)), state.packed ? t.start.packing : ""].join("  ");
  return (
    <div class="sending">
      <Progress
        label={t.start.sending(state.name)}
        value={joining || (state.sent === 0 && state.phase === "sending") ? null : state.sent / Math.max(1, state.size)}
        detail={state.phase === "failed" ? "" : detail}
      />
      <ErrorNotice error={readable(state)} again={resumeUpload} />
      <div class="actions">
        <Button onClick={cancel.run} busy={cancel.busy} disabled={joining}>
          {state.phase === "failed" ? t.common.back : t.common.cancel}
        </Button>
      </div>
    </div>
  );
}

function readable({ error, name }: Uploading): ServerError | null {
  return error?.code === "unreadable" ? new ServerError("said", t.start.unreadable(name), error.code) : error;
}

/** The file need not be on this computer. */
function Elsewhere() {
  const [url, setUrl] = useState("");
  const [path, setPath] = useState("");
  const begin = useAction(async () => {
    const file = path.trim();
    const address = url.trim();
    const name = (file || address.replace(/[?#].*$/, "")).split("/").filter(Boolean).at(-1) ?? "";
    const started = await server.start_draft({ name, size: 0, ...(file ? { file: { s3: file } } : { url: address }) });
    open(started.draft);
  });
  return (
    <details class="elsewhere">
      <summary>{t.start.elsewhere}</summary>
      <div class="panel">
        <div class="two">
          <TextField label={t.start.url} hint={t.start.url_hint} value={url} disabled={path !== ""} onInput={setUrl} />
          <TextField label={t.start.object} hint={t.start.object_hint} value={path} disabled={url !== ""} onInput={setPath} />
        </div>
        <ErrorNotice error={begin.error} again={begin.run} />
        <div class="actions">
          <Button busy={begin.busy} disabled={!url.trim() && !path.trim()} onClick={begin.run}>
            {t.start.fetch}
          </Button>
        </div>
      </div>
    </details>
  );
}
