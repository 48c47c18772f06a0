import { useEffect, useRef, useState } from "preact/hooks";
import { duration, number } from "../lib/format";
import { paceOf, withSample, type Sample } from "../lib/rate";
import { announce } from "../parts/announce";
import { Button } from "../parts/Button";
import { Dialog } from "../parts/Dialog";
import { useAction } from "../parts/hooks";
import { ErrorNotice, Notice } from "../parts/Notice";
import { OutcomeBar, OutcomeTable } from "../parts/OutcomeBar";
import { isUnderWay, usePolling } from "../parts/polling";
import { Progress as Bar } from "../parts/Progress";
import { server } from "../server";
import { t } from "../texts";
import type { Status } from "../types";
import type { StepProps } from "./step";
import "./progress.css";

/** An import while it runs. It runs whether or not somebody looks. */
export function Progress({ draft, status, onStatus, go }: StepProps) {
  const [isAsking, setAsking] = useState(false);
  const run = draft.runs.apply;
  const now = status?.kind === "apply" ? status : null;
  const isOver = status !== null && !(status.kind === "apply" && isUnderWay(status)) && run?.ended !== undefined;
  const samples = useSamples(now, run?.job ?? "");
  const polling = usePolling(draft.id, !isOver, onStatus);
  const cancel = useAction(async () => {
    onStatus(await server.cancel_draft(draft.id));
    setAsking(false);
  });
  const watched = useRef(false);
  if (!isOver) watched.current = true;
  useEffect(() => {
    if (isOver && watched.current) go("report");
  }, [isOver]);
  const done = now?.rows_done ?? 0;
  const total = now?.rows_total || (draft.checked?.counts["rows"] ?? 0);
  const pace = paceOf(samples, total);
  const state = now?.state ?? "queued";
  const isRunning = state === "running";
  useMilestones(isRunning && total ? Math.floor((10 * done) / total) * 10 : 0);
  return (
    <>
      <div class="heading">
        <div>
          <h1>{t.progress.heading}</h1>
          <p class="muted">{run ? t.progress.startedBy(run.by, run.at) : ""}</p>
        </div>
      </div>
      <ErrorNotice error={polling.error} again={polling.again} />
      {state === "waiting" && <Waiting status={now} />}
      {(state === "failed" || state === "canceled") && now && (
        <Notice kind="bad" urgent title={t.progress.states[state]}>
          <p>{now.message}</p>
        </Notice>
      )}
      {state !== "waiting" && (
        <>
          <section class="panel">
            <Bar label={t.progress.states[state]} value={isRunning && total ? done / total : state === "queued" ? null : 0} detail={t.progress.of(done, total)} />
            <dl class="figures">
              <Figure name={t.progress.pace} value={isRunning && pace.perSecond !== null ? inFigures(pace.perSecond) : null} />
              <Figure name={t.progress.left} value={isRunning && pace.left !== null ? duration(pace.left) : null} />
              <Figure name={t.progress.elapsed} value={now?.seconds ? duration(now.seconds) : null} />
            </dl>
          </section>
          <section class="panel">
            <h2>{t.report.outcomes}</h2>
            <OutcomeBar outcomes={now?.outcomes ?? {}} total={total} />
            <OutcomeTable outcomes={now?.outcomes ?? {}} total={done} all />
          </section>
        </>
      )}
      <div class="foot">
        {isOver ? (
          <Button kind="primary" onClick={() => go("report")}>{t.progress.report}</Button>
        ) : (
          <Button kind="danger" disabled={!isUnderWay(now)} onClick={() => setAsking(true)}>{t.progress.cancel}</Button>
        )}
      </div>
      {isAsking && !isOver && (
        <Dialog
          title={t.progress.cancelTitle}
          yes={t.progress.cancelYes}
          danger
          busy={cancel.busy}
          onYes={() => void cancel.run()}
          onClose={() => setAsking(false)}
        >
          <p>{t.progress.cancelText}</p>
          <ErrorNotice error={cancel.error} />
        </Dialog>
      )}
    </>
  );
}

function Waiting({ status }: { status: Status | null }) {
  const page = status?.approval?.page ?? "";
  // What leads elsewhere comes from the server; only a web address is followed.
  const isWeb = /^(https?:\/\/|\/(?!\/))/i.test(page);
  return (
    <Notice kind="warn" title={t.progress.states.waiting} actions={isWeb && <a href={page} target="_blank" rel="noopener noreferrer">{t.progress.approve}</a>}>
      {status?.message && status.message !== t.progress.states.waiting && <p>{status.message}</p>}
    </Notice>
  );
}

function Figure({ name, value }: { name: string; value: string | null }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value ?? <span class="muted">{t.progress.unknown}</span>}</dd>
    </div>
  );
}

const inFigures = (value: number): string => number(value >= 10 ? Math.round(value) : Math.round(value * 10) / 10);

/** What was seen of a run so far, for its pace. Of another run it begins anew. */
function useSamples(status: Status | null, job: string): readonly Sample[] {
  const seen = useRef<{ job: string; samples: Sample[]; status: Status | null }>({ job: "", samples: [], status: null });
  if (seen.current.job !== job) seen.current = { job, samples: [], status: null };
  if (status && status !== seen.current.status && status.state === "running") {
    const sample = { at: performance.now() / 1000, done: status.rows_done };
    seen.current = { job, samples: withSample(seen.current.samples, sample), status };
  }
  return seen.current.samples;
}

/** A screen reader hears of each tenth, not of each answer. */
function useMilestones(percent: number): void {
  const last = useRef(percent);
  useEffect(() => {
    if (percent > last.current) announce(t.progress.said(percent));
    last.current = percent;
  }, [percent]);
}
