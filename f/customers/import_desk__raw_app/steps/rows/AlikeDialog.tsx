import { useState } from "preact/hooks";
import { Dialog } from "../../parts/Dialog";
import { TextField } from "../../parts/Field";
import { t } from "../../texts";

interface Props {
  column: string;
  from: string;
  suggestion: string | null;
  onYes: (to: string) => void;
  onClose: () => void;
}

/** Asks what all cells of a column that are alike become. */
export function AlikeDialog({ column, from, suggestion, onYes, onClose }: Props) {
  const [to, setTo] = useState(suggestion ?? from);
  return (
    <Dialog title={t.rows.alikeTitle(column)} yes={t.rows.alikeDo} onYes={() => to !== from && onYes(to)} onClose={onClose}>
      <p>{from ? t.rows.alikeText(from) : t.rows.alikeEmpty}</p>
      <TextField label={t.rows.alikeTo} value={to} onInput={setTo} />
    </Dialog>
  );
}
