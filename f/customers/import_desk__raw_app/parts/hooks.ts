import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Observable } from "../lib/observable";
import { errorOfCall, ServerError } from "../lib/errors";
import { connection } from "../server";

export function useObservable<T>(source: Observable<T>): T {
  const [value, setValue] = useState(source.value);
  useEffect(() => {
    setValue(source.value);
    return source.subscribe((next) => setValue(() => next));
  }, [source]);
  return value;
}

/** Do what the end of the login has kept from being done, once somebody has logged in. */
export function useAfterLogin(error: ServerError | null, again: () => void): void {
  const latest = useRef(again);
  latest.current = again;
  const waits = error?.kind === "session";
  useEffect(() => {
    if (waits) return connection.subscribe((now) => now === "good" && latest.current());
  }, [waits]);
}

export interface Loaded<T> {
  value: T | null;
  error: ServerError | null;
  busy: boolean;
  reload: () => void;
}

/** Load something whenever `key` changes. An answer that was overtaken by a later question is dropped. */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, key: string): Loaded<T> {
  const [state, setState] = useState<Omit<Loaded<T>, "reload">>({ value: null, error: null, busy: true });
  const [round, setRound] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    const aborted = new AbortController();
    setState((before) => ({ ...before, error: null, busy: true }));
    latest.current(aborted.signal).then(
      (value) => aborted.signal.aborted || setState({ value, error: null, busy: false }),
      (thrown: unknown) =>
        aborted.signal.aborted ||
        setState((before) => ({ value: before.value, error: errorOfCall(thrown), busy: false })),
    );
    return () => aborted.abort();
  }, [key, round]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  useAfterLogin(state.error, reload);
  return { ...state, reload };
}

export interface Action<Args extends unknown[]> {
  run: (...args: Args) => Promise<void>;
  busy: boolean;
  error: ServerError | null;
  clear: () => void;
}

/** Do something that the person asked for: one at a time, its failure kept for showing. */
export function useAction<Args extends unknown[]>(work: (...args: Args) => Promise<unknown>): Action<Args> {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ServerError | null>(null);
  const running = useRef(false);
  const latest = useRef(work);
  latest.current = work;
  const run = useCallback(async (...args: Args) => {
    if (running.current) return;
    running.current = true;
    setBusy(true);
    setError(null);
    try {
      await latest.current(...args);
    } catch (thrown) {
      setError(errorOfCall(thrown));
    } finally {
      running.current = false;
      setBusy(false);
    }
  }, []);
  const clear = useCallback(() => setError(null), []);
  useAfterLogin(error, clear);
  return { run, busy, error, clear };
}
