import { formatRoute, STEPS } from "../lib/router";
import type { StepName } from "../lib/router";
import { isOpen } from "../lib/stages";
import { t } from "../texts";
import type { Draft } from "../types";

/** Where one is in an import, and where one can go. Its room is reserved before the draft is there. */
export function StepNavigation({ draft, step }: { draft: Draft | null; step: StepName }) {
  return (
    <nav class="steps" aria-label={t.nav.label}>
      <p class="steps-file">
        <a href="#/">{t.nav.start}</a>
        <span class="file-name">{draft?.name ?? "\u00a0"}</span>
      </p>
      <ol>
        {STEPS.map((one, at) => (
          <li key={one}>
            <StepLink draft={draft} step={one} current={one === step} number={at + 1} />
          </li>
        ))}
      </ol>
    </nav>
  );
}

interface LinkProps {
  draft: Draft | null;
  step: StepName;
  current: boolean;
  number: number;
}

function StepLink({ draft, step, current, number }: LinkProps) {
  const inside = (
    <>
      <span class="step-number" aria-hidden="true">
        {number}
      </span>
      {t.nav.steps[step]}
    </>
  );
  if (!draft || !isOpen(step, draft)) {
    return (
      <span class="step locked">
        {inside}
        <span class="hidden"> ({t.nav.locked})</span>
      </span>
    );
  }
  return (
    <a class="step" href={formatRoute({ page: "draft", id: draft.id, step })} aria-current={current ? "step" : undefined}>
      {inside}
    </a>
  );
}
