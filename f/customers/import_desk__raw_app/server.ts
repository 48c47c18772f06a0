// The only door to the server. Everything that is asked of it is here, with its types and its failures.

import { backendAsync, getJob, waitJob } from "./wmill";
import { errorOfCall, errorOfResult, ServerError } from "./lib/errors";
import { holdsReference } from "./lib/references";
import { retried } from "./lib/retry";
import { observable } from "./lib/observable";
import { t } from "./texts";
import type {
  Applied, Corrected, Corrections, Draft, Changes, DraftList, ExcludedRows, FileKind, Look, Piece, PlanRows, RowQuery, Rows, RunList, Started,
  Status, Action,
} from "./types";

export { ServerError };

/** How it stands with the connection, for the shell to show: by the error, once the login has ended. */
export type Connection = "good" | "retrying" | ServerError;
export const connection = observable<Connection>("good");

export interface CallOptions {
  signal?: AbortSignal;
  /** Told the job's id as soon as it is known. */
  onJob?: (job: string) => void;
}

/** `once`: what must not be done twice, so that it is not tried again where nobody knows whether it was done. */
async function call<T>(name: string, args: object, options: CallOptions = {}, once = false): Promise<T> {
  if (holdsReference(args)) throw new ServerError("said", t.errors.reference, "reference_refused");
  const start = () => guarded(() => backendAsync[name]!(args));
  const job = once ? await start() : await again(start, options);
  if (!job) throw new ServerError("broken", `${name} did not start`);
  options.onJob?.(job);
  return (await again(() => resultOf(job), options)) as T;
}

/** A job is waited for as often as one likes: only starting it could do something twice. */
async function resultOf(job: string): Promise<unknown> {
  try {
    return await waitJob(job);
  } catch (thrown) {
    // The rejection of waitJob has lost the sentence; the job still has it.
    const ended = await guarded(() => getJob(job));
    if (ended.type !== "CompletedJob") throw errorOfCall(thrown);
    if (ended.success) return ended.result;
    throw errorOfResult(ended.result);
  }
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    const answer = await work();
    if (connection.value instanceof ServerError) connection.set("good");
    return answer;
  } catch (thrown) {
    const error = errorOfCall(thrown);
    if (error.kind === "session") connection.set(error);
    throw error;
  }
}

function again<T>(work: () => Promise<T>, { signal }: CallOptions): Promise<T> {
  const onPause = (error: ServerError | null) => connection.set(error ? "retrying" : "good");
  return retried(work, { sleep, onPause, signal }).catch((error: unknown) => {
    if (connection.value === "retrying") connection.set("good"); // whoever asked says so now
    throw error;
  });
}

/** Sleep; no longer than until the browser says that the network is back. */
function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, seconds * 1000);
    addEventListener("online", done);
  });
}

interface NewDraft {
  name: string;
  size: number;
  data?: string;
  file?: { s3: string };
  url?: string;
  rejects_of?: string;
}

/** A runnable that is told a draft and no more. */
const ofDraft =
  <T>(name: string) =>
  (draft: string, options?: CallOptions) =>
    call<T>(name, { draft }, options);

const asked =
  <Args extends object, T>(name: string, once = false) =>
  (args: Args, options?: CallOptions) =>
    call<T>(name, args, options, once);

export const server = {
  start_draft: asked<NewDraft, Started>("start_draft", true),
  keep_part: asked<{ draft: string; index: number; data: string }, { received: number }>("keep_part"),
  /** `size`: bytes of the parts together. */
  finish_upload: asked<{ draft: string; parts: number; size: number; packed: boolean }, Started>("finish_upload"),
  look_at: (args: { draft: string; version?: number; changes?: Changes }, options?: CallOptions) =>
    call<Look>("look_at", args, options, args.changes !== undefined),
  check_draft: ofDraft<Draft>("check_draft"),
  list_rows: asked<{ draft: string } & RowQuery, Rows>("list_rows"),
  correct_rows: asked<{ draft: string; version: number } & Corrections, Corrected>("correct_rows", true),
  exclude_rows: (args: { draft: string; reason?: string; undo?: string; version?: number; dry_run: boolean }, options?: CallOptions) =>
    call<ExcludedRows>("exclude_rows", args, options, !args.dry_run),
  drop_draft: ofDraft<{ dropped: boolean }>("drop_draft"),
  plan_draft: ofDraft<Draft>("plan_draft"),
  draft_status: ofDraft<Status>("draft_status"),
  list_runs: ofDraft<RunList>("list_runs"),
  list_plan: asked<{ draft: string; action?: Action | ""; offset?: number; limit?: number }, PlanRows>("list_plan"),
  apply_draft: asked<{ draft: string; hash: string; approval?: boolean }, Applied>("apply_draft"),
  cancel_draft: ofDraft<Status>("cancel_draft"),
  list_drafts: asked<{ before?: string; limit?: number }, DraftList>("list_drafts"),
  verify_draft: asked<{ draft: string; rows?: "sample" | "all" }, Draft>("verify_draft", true),
  get_file: asked<{ draft: string; what: FileKind; offset?: number; run?: string }, Piece>("get_file"),
};
