import { isOfLeftOut, leftOut, outcomesOf } from "../lib/outcomes";
import { Button } from "../parts/Button";
import { Download } from "../parts/Download";
import { useAction } from "../parts/hooks";
import { ErrorNotice, Notice } from "../parts/Notice";
import { OutcomeBar, OutcomeTable } from "../parts/OutcomeBar";
import { isUnderWay, usePolling } from "../parts/polling";
import { Progress } from "../parts/Progress";
import { goTo } from "../parts/route";
import { Runs } from "../parts/Runs";
import { server } from "../server";
import { t } from "../texts";
import type { Draft, FileKind, Status, Summary } from "../types";
import { makePlan } from "./plan/making";
import { CertificatePanel } from "./report/CertificatePanel";
import { Reasons } from "./report/Reasons";
import type { StepProps } from "./step";
import "./plan.css";
import "./report.css";

const FILES: readonly FileKind[] = ["rejects", "report", "plan", "missing"];

/** What became of an import, and what there is to do after it. */
export function Report({ draft, status, onDraft, onStatus, go }: StepProps) {
  const run = draft.runs.apply;
  const summary = summaryOf(status);
  const ended = run?.ended;
  const counts = summary?.counts ?? ended?.counts ?? {};
  const outcomes = outcomesOf(counts);
  const state = status?.kind === "apply" && !isUnderWay(status) ? status.state : ended?.state;
  const message = status?.kind === "apply" ? status.message : (ended?.message ?? "");
  const rest = leftOut(counts);
  const reasons = summary?.reasons ?? [];
  const anew = useAction(async () => {
    await makePlan({ draft, onDraft, onStatus });
    go("plan");
  });
  const total = counts["rows"] ?? Object.values(outcomes).reduce((sum, count) => sum + count, 0);
  if (!run) return <Notice>{t.report.none}</Notice>;
  return (
    <>
      <div class="heading">
        <div>
          <h1>{state === "succeeded" ? t.report.verdicts.succeeded(total - rest, rest) : t.report.heading}</h1>
          <p class="muted">{t.report.by(run.by, run.at)}</p>
        </div>
      </div>
      {(state === "failed" || state === "canceled") && (
        <Notice
          kind="bad"
          {...(state === "failed" && { title: t.report.verdicts.failed })}
          actions={!draft.cleared_at && <Button busy={anew.busy} onClick={() => void anew.run()}>{t.report.again}</Button>}
        >
          <p>{message}</p>
        </Notice>
      )}
      <ErrorNotice error={anew.error} />
      {draft.cleared_at && (
        <Notice>
          <p>{t.runs.cleared(draft.cleared_at)}</p>
        </Notice>
      )}
      {summary?.parked && (
        <Notice kind="warn">
          <p>{t.report.parked(summary.parked.rows, summary.parked.resume_at)}</p>
        </Notice>
      )}
      {total > 0 && (
        <section class="panel">
          <h2>{t.report.outcomes}</h2>
          <OutcomeBar outcomes={outcomes} total={total} />
          <OutcomeTable outcomes={outcomes} total={total} all={false} />
        </section>
      )}
      <Onward draft={draft} summary={summary} rest={rest} />
      <Reasons title={t.report.reasons} reasons={reasons.filter(isOfLeftOut)} />
      <Reasons title={t.report.worthKnowing} reasons={reasons.filter((one) => !isOfLeftOut(one))} />
      {draft.import_id && !draft.cleared_at && <Verify draft={draft} status={status} summary={summary} onDraft={onDraft} onStatus={onStatus} />}
      {summary?.guarantee && (
        <section class="panel">
          <h2>{t.report.guarantee}</h2>
          <p>{summary.guarantee}</p>
        </section>
      )}
      <Runs draft={draft} open />
      <div class="foot">
        <Button kind="primary" onClick={() => goTo({ page: "start" })}>{t.report.home}</Button>
      </div>
    </>
  );
}

/** The summary of the import; that of a verification has it too. A dry run that came later is another matter. */
function summaryOf(status: Status | null): Summary | null {
  return status?.kind === "apply" || status?.kind === "verify" ? status.result : null;
}

/** The files, and going on with the rows that were not imported. */
function Onward({ draft, summary, rest }: { draft: Draft; summary: Summary | null; rest: number }) {
  const mend = useAction(async () => {
    const { draft: next } = await server.start_draft({ name: draft.name, size: 0, rejects_of: draft.id });
    goTo({ page: "draft", id: next.id, step: "" });
  });
  const files = FILES.filter((what) => summary?.files[what]);
  return (
    <section class="panel">
      <h2>{t.report.files}</h2>
      <div class="actions">
        {files.map((what) => (
          <Download key={what} draft={draft.id} what={what} text={t.report.download[what]} />
        ))}
        {!draft.cleared_at && <Download draft={draft.id} what="source" text={t.report.download.source} />}
      </div>
      {rest > 0 && summary?.files.rejects && (
        <div class="actions">
          <Button kind="primary" busy={mend.busy} onClick={() => void mend.run()}>{t.report.mend}</Button>
          <span class="muted">{t.report.mendText}</span>
        </div>
      )}
      <ErrorNotice error={mend.error} again={() => void mend.run()} />
    </section>
  );
}

type VerifyProps = Pick<StepProps, "draft" | "status" | "onDraft" | "onStatus"> & { summary: Summary | null };

/** Reads rows back from the target, and says what was found. */
function Verify({ draft, status, summary, onDraft, onStatus }: VerifyProps) {
  const ofVerify = status?.kind === "verify" ? status : null;
  const verify = useAction(async (rows: "sample" | "all") => {
    onDraft(await server.verify_draft({ draft: draft.id, rows }));
    onStatus(await server.draft_status(draft.id));
  });
  const polling = usePolling(draft.id, isUnderWay(ofVerify), onStatus);
  const isReading = verify.busy || isUnderWay(ofVerify);
  const certificate = summary?.certificate ?? null;
  return (
    <section class="panel">
      <h2>{certificate ? t.report.certificate : t.report.verify}</h2>
      <ErrorNotice error={verify.error ?? polling.error} again={polling.error ? polling.again : undefined} />
      {ofVerify?.state === "failed" && (
        <Notice kind="bad">
          <p>{ofVerify.message}</p>
        </Notice>
      )}
      {isReading ? (
        <Progress label={t.report.verifying} value={ofVerify?.percent ? ofVerify.percent / 100 : null} />
      ) : (
        certificate && <CertificatePanel certificate={certificate} />
      )}
      {!isReading && (
        <div class="actions">
          <Button onClick={() => void verify.run("sample")}>{t.report.verifySample}</Button>
          <Button onClick={() => void verify.run("all")}>{t.report.verifyAll}</Button>
          <span class="muted">{t.report.verifyText}</span>
        </div>
      )}
    </section>
  );
}
