import { useCallback, useEffect, useState } from "preact/hooks";
import { Announcer } from "./parts/announce";
import { Button } from "./parts/Button";
import { Boundary } from "./parts/Boundary";
import { useAction, useLoaded, useObservable } from "./parts/hooks";
import { ErrorNotice, Notice, sentenceOf } from "./parts/Notice";
import { goTo, route } from "./parts/route";
import { Segmented } from "./parts/Segmented";
import { StepNavigation } from "./parts/StepNavigation";
import { applyTheme, chooseTheme, theme } from "./parts/theme";
import type { StepName } from "./lib/router";
import { isOpen, stepOf } from "./lib/stages";
import { connection, server } from "./server";
import { Columns } from "./steps/columns";
import { Plan } from "./steps/plan";
import { Progress } from "./steps/progress";
import { Reading } from "./steps/reading";
import { Report } from "./steps/report";
import { Rows } from "./steps/rows";
import { Start, Unfinished } from "./steps/start";
import type { StepProps } from "./steps/step";
import { language, t } from "./texts";
import type { Draft, Status } from "./types";

const STEPS: Record<StepName, (props: StepProps) => preact.ComponentChildren> = {
  reading: Reading,
  columns: Columns,
  rows: Rows,
  plan: Plan,
  progress: Progress,
  report: Report,
};

export function App() {
  const at = useObservable(route);
  const chosen = useObservable(theme);
  useEffect(() => applyTheme(chosen), [chosen]);
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = t.title;
  }, []);
  return (
    <>
      <a class="skip" href="#main" onClick={toMain}>
        {t.skip}
      </a>
      <header class="top">
        <a class="brand" href="#/">
          {t.title}
        </a>
        <Segmented
          label={t.theme.label}
          value={chosen}
          options={(["auto", "light", "dark"] as const).map((value) => ({ value, text: t.theme[value] }))}
          onChange={chooseTheme}
        />
      </header>
      <ConnectionBanner />
      {at.page === "start" ? (
        <main id="main" tabIndex={-1}>
          <Boundary>
            <Start />
          </Boundary>
        </main>
      ) : (
        <DraftPage key={at.id} id={at.id} step={at.step} />
      )}
      <Announcer />
    </>
  );
}

/** The address is the route, so a link to a place on the page has to be followed by hand. */
function toMain(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function ConnectionBanner() {
  const state = useObservable(connection);
  // A call that works is all it takes: whatever has waited for the login goes on by itself.
  const look = useAction(() => server.list_drafts({ limit: 1 }));
  if (state === "good") return null;
  const hasEnded = state !== "retrying";
  const on = <Button small busy={look.busy} onClick={look.run}>{t.errors.session_on}</Button>;
  return (
    <div class="banner">
      <Notice kind="warn" urgent actions={hasEnded ? on : undefined}>
        <p>{hasEnded ? sentenceOf(state) : t.errors.retrying}</p>
      </Notice>
    </div>
  );
}

function DraftPage({ id, step }: { id: string; step: StepName | "" }) {
  const loaded = useLoaded((signal) => server.draft_status(id, { signal }), id);
  const [status, setStatus] = useState<Status | null>(null);
  const [draft, setDraft] = useState<Draft | null>(null);
  useEffect(() => {
    if (!loaded.value) return;
    setStatus(loaded.value);
    setDraft(loaded.value.draft);
  }, [loaded.value]);
  // An answer that was overtaken by a later one is not believed.
  const onDraft = useCallback(
    (next: Draft) => setDraft((now) => (now && now.version > next.version ? now : next)),
    [],
  );
  const onStatus = useCallback(
    (next: Status) => {
      setStatus(next);
      onDraft(next.draft);
    },
    [onDraft],
  );
  const go = useCallback((next: StepName) => goTo({ page: "draft", id, step: next }), [id]);
  const shown = draft && (step && isOpen(step, draft) ? step : stepOf(draft, status));
  useEffect(() => {
    if (shown && shown !== step) goTo({ page: "draft", id, step: shown }, true);
  }, [shown, step, id]);
  useEffect(() => {
    if (shown) focusMain();
  }, [shown]);

  return (
    <>
      <StepNavigation draft={draft} step={shown || "reading"} />
      <main id="main" tabIndex={-1}>
        <ErrorNotice error={loaded.error} again={loaded.reload} />
        {draft && shown ? (
          <Boundary key={shown}>{stepView(shown, { draft, status, onDraft, onStatus, go })}</Boundary>
        ) : (
          !loaded.error && <p class="muted">{t.common.loading}</p>
        )}
      </main>
    </>
  );
}

function stepView(step: StepName, props: StepProps) {
  if (!props.draft.file) return <Unfinished draft={props.draft} onDraft={props.onDraft} />;
  const Step = STEPS[step];
  return <Step {...props} />;
}

/** A new step is read from its heading. */
function focusMain(): void {
  scrollTo(0, 0);
  if (document.activeElement === document.body || document.activeElement?.closest("main")) {
    document.getElementById("main")?.focus({ preventScroll: true });
  }
}
