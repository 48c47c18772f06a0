import type { Draft, Stage, Status } from "../types";
import type { StepName } from "./router";

/** Whether a step of a draft has anything to show yet. */
export function isOpen(step: StepName, draft: Draft): boolean {
  if (!draft.file) return false;
  if (draft.cleared_at) return step === "report";
  if (step === "plan") return draft.checked !== null;
  if (step === "progress" || step === "report") return draft.runs.apply !== undefined;
  return true;
}

/** Return where a draft is gone on with. */
export function stepOf(draft: Draft, status: Status | null): StepName {
  if (draft.cleared_at) return "report";
  if (draft.runs.apply) {
    const over = status?.kind !== "apply" || ["succeeded", "failed", "canceled"].includes(status.state);
    return over ? "report" : "progress";
  }
  if (draft.plan_hash || draft.runs.plan) return "plan";
  if (draft.checked) return "rows";
  return "reading";
}

export function stepOfStage(stage: Stage): StepName {
  const steps: Record<Stage, StepName> = {
    uploading: "reading",
    reading: "reading",
    mending: "rows",
    planned: "plan",
    applying: "progress",
    waiting: "progress",
    done: "report",
    failed: "report",
    canceled: "report",
  };
  return steps[stage];
}
