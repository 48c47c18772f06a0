import { useEffect, useRef, useState } from "preact/hooks";
import { number } from "../../lib/format";
import { Button } from "../../parts/Button";
import { TextField } from "../../parts/Field";
import { Segmented } from "../../parts/Segmented";
import { Select } from "../../parts/Select";
import { t } from "../../texts";
import type { Draft, Reason, RowQuery, RowView } from "../../types";

export const VIEWS: readonly RowView[] = ["attention", "all", "repaired", "changed"];
const PAUSE = 350; // ms: a search is asked for when the typing rests

interface Props {
  draft: Draft;
  query: RowQuery;
  onQuery: (query: RowQuery) => void;
  /** Told the reason whose rows are to be left out; not there while changes are being saved. */
  onLeaveOut: ((reason: Reason) => void) | undefined;
}

/** Which rows are shown: by view, by reason, by what is in them. */
export function Filters({ draft, query, onQuery, onLeaveOut }: Props) {
  const [search, setSearch] = useState(query.search ?? "");
  const latest = useRef(query);
  latest.current = query;
  useEffect(() => {
    if (search === (latest.current.search ?? "")) return;
    const timer = setTimeout(() => onQuery({ ...latest.current, search }), PAUSE);
    return () => clearTimeout(timer);
  }, [search]);
  const counts = viewCounts(draft);
  const reasons = reasonsOf(draft, query.view);
  const chosen = query.search ? undefined : reasons.find(({ code, outcome }) => code === query.reason && canBeLeftOut(code, outcome));
  return (
    <div class="filters">
      <Segmented
        label={t.rows.views.legend}
        value={query.view}
        options={VIEWS.map((value) => ({ value, text: `${t.rows.views[value]} ${number(counts[value])}` }))}
        onChange={(view) => onQuery({ view, search: query.search })}
      />
      <Select
        label={t.rows.reason}
        bare
        value={query.reason ?? ""}
        disabled={query.view === "changed"}
        options={[
          { value: "", text: t.rows.everyReason },
          ...reasons.map(({ code, message, rows }) => ({ value: code, text: `${number(rows)} · ${message}` })),
        ]}
        onChange={(reason) => onQuery({ ...query, reason })}
      />
      {chosen && (
        <Button disabled={!onLeaveOut} onClick={() => onLeaveOut?.(chosen)}>
          {t.rows.leaveOut}
        </Button>
      )}
      <TextField label={t.rows.search} bare placeholder={t.rows.search} value={search} onInput={setSearch} />
    </div>
  );
}

export function viewCounts({ checked, corrections }: Draft): Record<RowView, number> {
  const counts = checked?.counts ?? {};
  return {
    // Those that a person left out are among the invalid ones.
    attention: (counts["invalid"] ?? 0) + (counts["duplicate"] ?? 0) - (counts["excluded"] ?? 0),
    all: counts["rows"] ?? 0,
    repaired: checked?.repairs ?? 0,
    changed: Object.values(corrections).reduce((sum, count) => sum + count, 0),
  };
}

const isTrouble = (outcome: string) => outcome === "invalid" || outcome === "duplicate";
const canBeLeftOut = (code: string, outcome: string) => isTrouble(outcome) && code !== "excluded";

/** Return the reasons that rows of a view can have. */
function reasonsOf({ checked }: Draft, view: RowView) {
  const fits = (outcome: string) => view === "all" || (view === "attention") === isTrouble(outcome);
  return (checked?.reasons ?? []).filter(({ outcome }) => fits(outcome));
}
