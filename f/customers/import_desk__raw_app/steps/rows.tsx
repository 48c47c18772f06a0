import { useEffect } from "preact/hooks";
import { Button } from "../parts/Button";
import { useAction } from "../parts/hooks";
import { ErrorNotice, Notice } from "../parts/Notice";
import { isUnderWay, usePolling } from "../parts/polling";
import { Progress } from "../parts/Progress";
import { server } from "../server";
import { t } from "../texts";
import { viewCounts } from "./rows/Filters";
import { RowTable } from "./rows/RowTable";
import type { StepProps } from "./step";
import "./rows.css";

/** The rows that a person has to look at, after the whole file was checked. */
export function Rows(props: StepProps) {
  const { draft, status, onDraft, onStatus, go } = props;
  const check = useAction(async () => onDraft(await server.check_draft(draft.id)));
  const isChecking = check.busy || (status?.kind === "check" && isUnderWay(status));
  const polling = usePolling(draft.id, isChecking, onStatus);
  useEffect(() => {
    if (!draft.checked && !isChecking && !check.error && status?.kind !== "check") void check.run();
  }, []);
  const counts = viewCounts(draft);
  const refused = !isChecking && status?.kind === "check" && status.state === "failed" ? status.message : "";
  return (
    <>
      <div class="heading">
        <div>
          <h1>{t.rows.heading}</h1>
          <p class="muted">{draft.checked ? t.rows.lead(counts.attention, counts.all) : t.rows.unchecked}</p>
        </div>
      </div>
      <ErrorNotice error={check.error ?? polling.error} again={check.error ? () => void check.run() : polling.again} />
      {!check.error && refused && (
        <Notice kind="bad" actions={<Button onClick={() => void check.run()}>{t.common.again}</Button>}>
          <p>{refused}</p>
        </Notice>
      )}
      {isChecking && (
        <section class="panel">
          <Progress
            label={t.rows.checking}
            value={status?.kind === "check" && status.percent !== null ? status.percent / 100 : null}
          />
        </section>
      )}
      {draft.checked && !isChecking && (
        <RowTable
          key={draft.checked.s3 + draft.checked.digest}
          draft={draft}
          checked={draft.checked}
          onDraft={onDraft}
          onCheck={() => void check.run()}
          onPlan={() => go("plan")}
        />
      )}
    </>
  );
}
