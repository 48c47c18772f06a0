import { server } from "../../server";
import type { StepProps } from "../step";

/** Have a plan made of a draft as it is now, in the place of the one before; resolves once it has begun. */
export async function makePlan({ draft, onDraft, onStatus }: Pick<StepProps, "draft" | "onDraft" | "onStatus">): Promise<void> {
  onDraft(await server.plan_draft(draft.id));
  onStatus(await server.draft_status(draft.id));
}
