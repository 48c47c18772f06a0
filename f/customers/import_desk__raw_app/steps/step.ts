import type { StepName } from "../lib/router";
import type { Draft, Status } from "../types";

/** What every step of a draft is given. */
export interface StepProps {
  draft: Draft;
  /** Of the draft's last run, as far as it was asked for. */
  status: Status | null;
  /** Hand on the draft as the server has just answered it. */
  onDraft: (draft: Draft) => void;
  onStatus: (status: Status) => void;
  go: (step: StepName) => void;
}
