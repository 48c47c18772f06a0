// The upload that is under way. It outlives the view that began it: whoever looks elsewhere meanwhile finds it again.

import { errorOfCall, ServerError } from "../lib/errors";
import { observable } from "../lib/observable";
import { paysToPack, toBase64, upload, WHOLE_BYTES } from "../lib/upload";
import { connection, server } from "../server";
import type { Draft } from "../types";

export interface Uploading {
  name: string;
  size: number;
  sent: number;
  packed: boolean;
  phase: "sending" | "joining" | "failed" | "canceled";
  error: ServerError | null;
}

export const uploading = observable<Uploading | null>(null);

connection.subscribe((now) => {
  if (now === "good" && uploading.value?.error?.kind === "session") void resumeUpload();
});

interface Job {
  file: File;
  draft: Draft | null;
  partBytes: number;
  /** Parts that have arrived: not sent again. */
  arrived: Set<number>;
  aborted: AbortController;
  onDone: (draft: Draft) => void;
}

let job: Job | null = null;

/** Begin an import with a file; `draft`: go on with that one, whose upload did not finish. */
export function beginUpload(file: File, draft: Draft | null, onDone: (draft: Draft) => void): Promise<void> {
  job = { file, draft, partBytes: WHOLE_BYTES, arrived: new Set(), aborted: new AbortController(), onDone };
  return work(job);
}

/** Go on where it failed. */
export function resumeUpload(): Promise<void> {
  if (!job) return Promise.resolve();
  job.aborted = new AbortController();
  return work(job);
}

/** Stop, and delete what has arrived. */
export async function cancelUpload(): Promise<void> {
  const stopped = job;
  job = null;
  if (!stopped) return;
  stopped.aborted.abort();
  if (uploading.value) uploading.set({ ...uploading.value, phase: "canceled", error: null });
  if (stopped.draft) await server.drop_draft(stopped.draft.id).catch(() => undefined);
}

async function work(current: Job): Promise<void> {
  const { file } = current;
  uploading.set({ name: file.name, size: file.size, sent: 0, packed: false, phase: "sending", error: null });
  removeEventListener("beforeunload", warn);
  addEventListener("beforeunload", warn);
  try {
    const draft = file.size <= WHOLE_BYTES && !current.draft ? await sendWhole(file) : await sendInParts(current);
    if (job !== current) return;
    job = null;
    uploading.set(null);
    current.onDone(draft);
  } catch (thrown) {
    if (job === current) update({ phase: "failed", error: failure(thrown) });
  } finally {
    removeEventListener("beforeunload", warn);
  }
}

async function sendWhole(file: File): Promise<Draft> {
  const data = toBase64(new Uint8Array(await file.arrayBuffer()));
  return (await server.start_draft({ name: file.name, size: file.size, data })).draft;
}

async function sendInParts(current: Job): Promise<Draft> {
  const { file, arrived, aborted } = current;
  if (!current.draft) {
    const started = await server.start_draft({ name: file.name, size: file.size });
    current.draft = started.draft;
    current.partBytes = started.part_bytes;
  }
  const { id } = current.draft;
  const pack = paysToPack(file.name, new Uint8Array(await file.slice(0, 4).arrayBuffer()));
  update({ packed: pack });
  const { parts, bytes } = await upload({
    file,
    pack,
    partBytes: current.partBytes,
    signal: aborted.signal,
    keepPart: async (index, part) => {
      if (arrived.has(index)) return;
      await server.keep_part({ draft: id, index, data: toBase64(part) }, { signal: aborted.signal });
      arrived.add(index);
    },
    onProgress: ({ sent }) => job === current && update({ sent }),
  });
  update({ phase: "joining", sent: file.size });
  return (await server.finish_upload({ draft: id, parts, size: bytes, packed: pack })).draft;
}

function update(changes: Partial<Uploading>): void {
  if (uploading.value) uploading.set({ ...uploading.value, ...changes });
}

function failure(thrown: unknown): ServerError {
  // The browser itself could not read on: the file was changed, moved or deleted since it was chosen.
  if (thrown instanceof DOMException && thrown.name !== "AbortError") return new ServerError("said", "", "unreadable");
  return errorOfCall(thrown);
}

function warn(event: BeforeUnloadEvent): void {
  event.preventDefault();
}
