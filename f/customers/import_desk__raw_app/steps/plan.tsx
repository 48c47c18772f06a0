import { useEffect, useState } from "preact/hooks";
import { changedSincePlan, PLANNED } from "../lib/plans";
import { Button } from "../parts/Button";
import { Download } from "../parts/Download";
import { useAction } from "../parts/hooks";
import { ErrorNotice, Notice } from "../parts/Notice";
import { isUnderWay, usePolling } from "../parts/polling";
import { Progress } from "../parts/Progress";
import { Runs } from "../parts/Runs";
import { server } from "../server";
import { t } from "../texts";
import type { Draft, Plan as PlanMade, Settings, Summary } from "../types";
import { ApplyDialog } from "./plan/ApplyDialog";
import { Choices } from "./plan/Choices";
import { makePlan } from "./plan/making";
import { PlanCounts, PlanFacts } from "./plan/PlanFacts";
import { PlanTable } from "./plan/PlanTable";
import type { StepProps } from "./step";
import "./rows.css";
import "./plan.css";

/** What would happen, and the way to let it happen. */
export function Plan({ draft, status, onDraft, onStatus, go }: StepProps) {
  const [asking, setAsking] = useState<"apply" | "approval" | null>(null);
  const choose = async (changes: Partial<Settings>) =>
    onDraft((await server.look_at({ draft: draft.id, version: draft.version, changes })).draft);
  const save = useAction(choose);
  const make = useAction(async (changes?: Partial<Settings>) => {
    if (changes) await choose(changes);
    await makePlan({ draft, onDraft, onStatus });
  });
  const apply = useAction(async (approval: boolean) => {
    const applied = await server.apply_draft({ draft: draft.id, hash: draft.plan_hash, approval });
    onDraft(applied.draft);
    go("progress");
  });
  const ofPlan = status?.kind === "plan" ? status : null;
  const isMaking = make.busy || isUnderWay(ofPlan);
  const polling = usePolling(draft.id, isUnderWay(ofPlan), onStatus);
  useEffect(() => {
    // Who comes from the rows wants to see it.
    if (!draft.runs.plan && draft.checked) void make.run();
  }, []);
  const summary = ofPlan?.result ?? null;
  const plan = summary?.plan ?? planOfCounts(draft);
  const changed = isMaking ? [] : changedSincePlan(draft);
  const isApplied = draft.runs.apply !== undefined && draft.runs.apply.hash === draft.plan_hash && !!draft.plan_hash;
  const canApply = !!plan && !!summary && !!draft.plan_hash && !changed.length && !isMaking && !isUnderWay(status);
  // What is being chosen has to be known before a plan is made of it.
  const anew = <Button disabled={save.busy} onClick={() => void make.run()}>{t.plan.makeAnew}</Button>;
  return (
    <>
      <div class="heading">
        <div>
          <h1>{t.plan.heading}</h1>
          <p class="muted">{!plan || isMaking ? t.plan.leadNone : isApplied ? t.plan.leadApplied : t.plan.lead}</p>
        </div>
      </div>
      <ErrorNotice error={make.error ?? polling.error} again={make.error ? () => void make.run() : polling.again} />
      {changed.length > 0 && (
        <Notice kind="warn" actions={anew}>
          <p>{t.plan.outdated(changed.map((name) => t.plan.changed[name]).join(", "))}</p>
        </Notice>
      )}
      {ofPlan && !isMaking && !changed.length && (
        <Failure
          summary={summary}
          message={ofPlan.state === "succeeded" ? "" : ofPlan.message}
          go={go}
          anew={anew}
          onAllow={(share) => void make.run({ max_bad_share: share })}
        />
      )}
      {isApplied && draft.runs.apply && (
        <Notice actions={<Button onClick={() => go("progress")}>{t.plan.toImport}</Button>}>
          <p>{t.plan.applied(draft.runs.apply.by, draft.runs.apply.at)}</p>
        </Notice>
      )}
      <Choices draft={draft} disabled={isMaking} save={save} />
      {isMaking && (
        <section class="panel">
          <Progress label={t.plan.making} value={ofPlan?.percent ? ofPlan.percent / 100 : null} />
        </section>
      )}
      {plan && !isMaking && (
        <>
          <PlanCounts plan={plan} checked={draft.checked?.counts ?? {}} />
          {summary && <PlanFacts summary={summary} plan={plan} />}
          <PlanTable key={draft.runs.plan?.job} draft={draft.id} counts={plan.counts} />
        </>
      )}
      {draft.runs.plan && <Runs draft={draft} />}
      <div class="foot">
        <span class="technical muted grow">{draft.plan_hash && !isMaking ? t.plan.hash(draft.plan_hash) : ""}</span>
        {plan && !isMaking && <Download draft={draft.id} what="plan" text={t.plan.download} />}
        {canApply ? (
          <>
            <Button disabled={save.busy} onClick={() => setAsking("approval")}>{t.plan.approval}</Button>
            <Button kind="primary" disabled={save.busy} onClick={() => setAsking("apply")}>{t.plan.apply}</Button>
          </>
        ) : (
          <Button kind="primary" busy={isMaking} disabled={save.busy || isUnderWay(status)} onClick={() => void make.run()}>
            {draft.runs.plan ? t.plan.makeAnew : t.plan.make}
          </Button>
        )}
      </div>
      {asking && plan && (
        <ApplyDialog
          plan={{ ...plan, hash: draft.plan_hash }}
          rows={draft.checked?.counts["rows"] ?? 0}
          target={draft.settings.target}
          bad={(draft.checked?.counts["invalid"] ?? 0) - (draft.checked?.counts["excluded"] ?? 0)}
          allowed={draft.settings.max_bad_share}
          guarantee={summary?.guarantee ?? ""}
          approval={asking === "approval"}
          busy={apply.busy}
          error={apply.error}
          onYes={() => void apply.run(asking === "approval")}
          onClose={() => {
            setAsking(null);
            apply.clear();
          }}
        />
      )}
    </>
  );
}

interface FailureProps {
  summary: Summary | null;
  message: string;
  go: StepProps["go"];
  anew: preact.ComponentChildren;
  onAllow: (share: number) => void;
}

/** What stands in the way of applying the plan, or of making one. */
function Failure({ summary, message, go, anew, onAllow }: FailureProps) {
  const stops = summary?.would_stop ?? [];
  const bad = summary?.bad_rows ?? null;
  const actions = (
    <>
      <Button onClick={() => go("rows")}>{t.plan.toRows}</Button>
      {bad ? <Button onClick={() => onAllow(bad.share)}>{t.plan.allowBad(bad.share)}</Button> : anew}
    </>
  );
  if (!stops.length && !message) return null;
  return (
    <Notice kind="bad" title={stops.length ? t.plan.stops : t.plan.failed} actions={actions}>
      {stops.length ? stops.map((stop) => <p key={stop}>{stop}</p>) : <p>{message}</p>}
      {bad && <p>{t.plan.allowBadText(bad.bad, bad.rows)}</p>}
    </Notice>
  );
}

/** What is left to show of a plan once something else has run: its counts. */
function planOfCounts({ runs, plan_hash }: Draft): PlanMade | null {
  const ended = runs.plan?.ended;
  if (!ended || ended.state !== "succeeded") return null;
  const counts: Record<string, number> = {};
  for (const [name, action] of Object.entries(PLANNED)) {
    if (ended.counts[name]) counts[action] = ended.counts[name] ?? 0;
  }
  return { hash: plan_hash, counts, fields: {}, examples: [], requests: 0 };
}
