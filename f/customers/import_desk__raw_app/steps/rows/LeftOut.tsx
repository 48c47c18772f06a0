import { Button } from "../../parts/Button";
import { Dialog } from "../../parts/Dialog";
import { useLoaded } from "../../parts/hooks";
import { ErrorNotice, Notice } from "../../parts/Notice";
import { server } from "../../server";
import { t } from "../../texts";
import type { LeftOut as Step, Reason } from "../../types";

interface DialogProps {
  draft: string;
  reason: Reason;
  onYes: () => void;
  onClose: () => void;
}

/** Counts the rows with a reason, and asks whether they are to be left out. */
export function LeaveOutDialog({ draft, reason, onYes, onClose }: DialogProps) {
  const counted = useLoaded((signal) => server.exclude_rows({ draft, reason: reason.code, dry_run: true }, { signal }), reason.code);
  const rows = counted.value?.rows ?? null;
  return (
    <Dialog
      title={t.rows.leaveOutTitle}
      yes={t.rows.leaveOutYes(rows ?? 0)}
      busy={counted.busy}
      onYes={() => (rows ? onYes() : onClose())}
      onClose={onClose}
    >
      <p>{rows === null ? !counted.error && t.rows.leaveOutCounting : t.rows.leaveOutText(rows, reason.message)}</p>
      <ErrorNotice error={counted.error} again={counted.reload} />
    </Dialog>
  );
}

/** What was left out by its reason so far, each with the way back. */
export function LeftOut({ steps, busy, onAgain }: { steps: readonly Step[]; busy: boolean; onAgain: (id: string) => void }) {
  return (
    <>
      {steps.map(({ id, rows, message }) => (
        <Notice
          key={id}
          actions={
            <Button small disabled={busy} onClick={() => onAgain(id)}>
              {t.rows.takeIn}
            </Button>
          }
        >
          <p>{t.rows.leftOut(rows, message)}</p>
        </Notice>
      ))}
    </>
  );
}
