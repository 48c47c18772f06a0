import { useEffect, useRef, useState } from "preact/hooks";
import { errorOfCall, type ServerError } from "../lib/errors";
import { nextLook } from "../lib/rate";
import { useAfterLogin } from "./hooks";
import { server } from "../server";
import type { Status } from "../types";

const OPEN = ["queued", "running", "waiting"];

/** Whether a run has not come to its end. */
export const isUnderWay = (status: Status | null): boolean => status !== null && OPEN.includes(status.state);

export interface Polling {
  error: ServerError | null;
  /** Look again, after a failure or right now. */
  again: () => void;
}

/** Ask for a draft's status again and again while `active`; not while nobody looks at the page. */
export function usePolling(draft: string, active: boolean, onStatus: (status: Status) => void): Polling {
  const [error, setError] = useState<ServerError | null>(null);
  const [round, setRound] = useState(0);
  const latest = useRef(onStatus);
  latest.current = onStatus;
  useEffect(() => {
    if (!active) return;
    const ended = new AbortController();
    void poll(draft, ended.signal, (status) => latest.current(status)).catch((thrown: unknown) => {
      if (!ended.signal.aborted) setError(errorOfCall(thrown));
    });
    return () => ended.abort();
  }, [draft, active, round]);
  const again = () => {
    setError(null);
    setRound((before) => before + 1);
  };
  useAfterLogin(error, again);
  return { error, again };
}

async function poll(draft: string, signal: AbortSignal, onStatus: (status: Status) => void): Promise<void> {
  const began = Date.now();
  while (!signal.aborted) {
    const status = await server.draft_status(draft, { signal });
    if (signal.aborted) return;
    onStatus(status);
    await pause(nextLook((Date.now() - began) / 1000), signal);
    if (document.hidden) await untilSeen(signal);
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function untilSeen(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener("visibilitychange", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
    signal.addEventListener("abort", look);
  });
}
