import { useEffect, useState } from "preact/hooks";
import { server } from "../server";
import type { Draft } from "../types";
import { useAction } from "./hooks";

export interface Check {
  run: () => Promise<void>;
  busy: boolean;
  error: ReturnType<typeof useAction>["error"];
  /** How long it has been at it. */
  seconds: number;
}

/** Check all rows of a draft, which may take a while. */
export function useCheck(draft: Draft, onChecked: (draft: Draft) => void): Check {
  const [seconds, setSeconds] = useState(0);
  const { run, busy, error } = useAction(async () => onChecked(await server.check_draft(draft.id)));
  useEffect(() => {
    if (!busy) return;
    const began = Date.now();
    const timer = setInterval(() => setSeconds(Math.floor((Date.now() - began) / 1000)), 1000);
    return () => {
      clearInterval(timer);
      setSeconds(0);
    };
  }, [busy]);
  return { run, busy, error, seconds };
}
