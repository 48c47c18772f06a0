import { Dialog } from "../../parts/Dialog";
import { ErrorNotice } from "../../parts/Notice";
import type { ServerError } from "../../lib/errors";
import { t } from "../../texts";
import type { Plan } from "../../types";

interface Props {
  plan: Plan;
  rows: number;
  target: string;
  /** Rows that cannot be sent, and the share of them that is allowed. */
  bad: number;
  allowed: number;
  guarantee: string;
  approval: boolean;
  busy: boolean;
  error: ServerError | null;
  onYes: () => void;
  onClose: () => void;
}

/** Says in words what is sent where, and asks. */
export function ApplyDialog({ plan, rows, target, bad, allowed, guarantee, approval, busy, error, onYes, onClose }: Props) {
  const create = plan.counts.create ?? 0;
  const update = plan.counts.update ?? 0;
  const sent = create + update;
  return (
    <Dialog
      title={approval ? t.plan.approvalTitle : t.plan.applyTitle}
      yes={approval ? t.plan.approvalYes : t.plan.applyYes(sent)}
      busy={busy}
      onYes={onYes}
      onClose={onClose}
    >
      <p>
        <strong>{t.plan.sends(create, update, target)}</strong> {t.plan.rest(Math.max(0, rows - sent))}
      </p>
      {bad > 0 && <p>{t.plan.badRows(bad, allowed)}</p>}
      {approval && <p>{t.plan.asks}</p>}
      <p>{t.plan.exactly}</p>
      <p class="muted">{guarantee}</p>
      <p class="technical muted">{t.plan.hash(plan.hash)}</p>
      <ErrorNotice error={error} />
    </Dialog>
  );
}
