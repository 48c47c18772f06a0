import type { Action } from "../../parts/hooks";
import { ErrorNotice } from "../../parts/Notice";
import { Select } from "../../parts/Select";
import { t } from "../../texts";
import type { Draft, OnDuplicate, Settings } from "../../types";

const SHARES = [1, 5, 10, 20, 50, 100];
const POLICIES: readonly OnDuplicate[] = ["skip", "update", "fail"];

interface Props {
  draft: Draft;
  disabled: boolean;
  save: Action<[Partial<Settings>]>;
}

/** What is chosen for the import itself; how the file is read was chosen before. */
export function Choices({ draft, disabled, save }: Props) {
  const { on_duplicate, max_bad_share, target } = draft.settings;
  const percent = Math.round(max_bad_share * 100);
  const shares = SHARES.includes(percent) ? SHARES : [...SHARES, percent].sort((one, other) => one - other);
  return (
    <section class="panel" aria-label={t.reading.purpose}>
      <div class="choices">
        <Select
          label={t.reading.on_duplicate}
          value={on_duplicate}
          disabled={disabled || save.busy}
          options={POLICIES.map((value) => ({ value, text: t.reading.duplicates[value] }))}
          onChange={(value) => void save.run({ on_duplicate: value as OnDuplicate })}
        />
        <Select
          label={t.reading.bad_share}
          value={String(percent)}
          disabled={disabled || save.busy}
          options={shares.map((value) => ({ value: String(value), text: t.plan.shareOf(value) }))}
          onChange={(value) => void save.run({ max_bad_share: Number(value) / 100 })}
        />
        <div class="field">
          <span class="label">{t.reading.target}</span>
          <span class="technical">{target}</span>
        </div>
      </div>
      <ErrorNotice error={save.error} />
    </section>
  );
}
