import { ServerError } from "./errors";

/** Seconds before each further try; about a minute in all. */
export const PAUSES = [0.5, 1, 2, 4, 8, 15, 30];

export interface Retrying {
  sleep: (seconds: number) => Promise<void>;
  /** Told before each pause, and once it works again. */
  onPause: (error: ServerError | null) => void;
  signal?: AbortSignal | undefined;
}

/** Do what may be done twice; where the connection is lost, do it again. */
export async function retried<T>(work: () => Promise<T>, { sleep, onPause, signal }: Retrying): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      const answer = await work();
      if (tries) onPause(null);
      return answer;
    } catch (error) {
      const pause = PAUSES[tries];
      const lost = error instanceof ServerError && error.kind === "lost";
      if (!lost || pause === undefined || signal?.aborted) throw error;
      onPause(error);
      await sleep(pause);
    }
  }
}
