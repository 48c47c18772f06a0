// How a file is read now, and how that is changed. Two steps show it: reading and columns.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { errorOfCall } from "../lib/errors";
import { useAfterLogin } from "./hooks";
import { server, ServerError } from "../server";
import type { Changes, Draft, Look } from "../types";

/** The last look, so that going from one step to the other shows it at once. */
let last: Look | null = null;

export interface Looked {
  look: Look | null;
  busy: boolean;
  /** Why there is nothing to see. */
  error: ServerError | null;
  /** Why the last change was not made, and what it was. */
  refused: { error: ServerError; changes: Changes } | null;
  change: (changes: Changes) => void;
  reload: () => void;
  forget: () => void;
}

export function useLook(draft: Draft, onDraft: (draft: Draft) => void): Looked {
  const kept = last?.draft.id === draft.id && last.draft.version === draft.version ? last : null;
  const [look, setLook] = useState<Look | null>(kept);
  const [busy, setBusy] = useState(!kept);
  const [error, setError] = useState<ServerError | null>(null);
  const [refused, setRefused] = useState<Looked["refused"]>(null);
  const alive = useRef(true);
  const version = useRef(draft.version);
  version.current = Math.max(version.current, draft.version);
  const waiting = useRef<Changes | null>(null);
  const running = useRef(false);

  const take = useCallback(
    (next: Look) => {
      last = next;
      version.current = next.draft.version;
      if (!alive.current) return;
      setLook(next);
      setError(null);
      onDraft(next.draft);
    },
    [onDraft],
  );

  const reload = useCallback(async () => {
    setBusy(true);
    try {
      take(await server.look_at({ draft: draft.id }));
    } catch (thrown) {
      if (alive.current) setError(errorOfCall(thrown));
    } finally {
      if (alive.current) setBusy(false);
    }
  }, [draft.id, take]);

  // One change at a time, since each names the version that it saw; what was chosen meanwhile goes together.
  const change = useCallback(
    async (changes: Changes) => {
      waiting.current = { ...waiting.current, ...changes };
      if (running.current) return;
      running.current = true;
      setBusy(true);
      while (waiting.current) {
        const next: Changes = waiting.current;
        waiting.current = null;
        setRefused(null);
        try {
          take(await server.look_at({ draft: draft.id, version: version.current, changes: next }));
        } catch (thrown) {
          const failed = errorOfCall(thrown);
          if (alive.current) setRefused({ error: failed, changes: next });
          // Somebody was faster, or nobody knows: show what there is now.
          if (failed.code === "draft_changed" || failed.kind === "lost") {
            await server.look_at({ draft: draft.id }).then(take, () => undefined);
          }
        }
      }
      running.current = false;
      if (alive.current) setBusy(false);
    },
    [draft.id, take],
  );

  useEffect(() => {
    alive.current = true;
    if (!kept) void reload();
    return () => {
      alive.current = false;
    };
    // Only when another draft is opened: what changes of this one comes by `change`.
  }, [draft.id]);

  useAfterLogin(error, () => void reload());
  useAfterLogin(refused?.error ?? null, () => void change(refused?.changes ?? {}));
  return { look, busy, error, refused, change, reload, forget: useCallback(() => setRefused(null), []) };
}
