// How fast a run goes and when it will be done, from successive answers about it. Pure.

export interface Sample {
  /** When it was seen, in seconds. */
  at: number;
  done: number;
}

export interface Pace {
  /** Rows per second; null while too little was seen. */
  perSecond: number | null;
  /** Seconds until all are done; null if nobody can say. */
  left: number | null;
}

const WINDOW = 60; // seconds: long enough for a batch, short enough to follow a change
const FEWEST = 2; // seconds between the first and the last sample of a pace

/** Return the samples with a new one, without those that are too old to say anything. */
export function withSample(samples: readonly Sample[], sample: Sample): Sample[] {
  const last = samples[samples.length - 1];
  // A run that begins anew, or a clock that was set back: what was seen before is no measure any more.
  if (last && (sample.done < last.done || sample.at < last.at)) return [sample];
  // One that is older stays where it has no younger neighbour: without it there would be no pace.
  const fresh = samples.filter((_, index) => sample.at - (samples[index + 1] ?? sample).at < WINDOW);
  return [...fresh, sample];
}

/** Return the pace of a run of `total` rows. */
export function paceOf(samples: readonly Sample[], total: number): Pace {
  const first = samples[0];
  const last = samples[samples.length - 1];
  if (!first || !last || last.at - first.at < FEWEST) return { perSecond: null, left: null };
  const perSecond = (last.done - first.done) / (last.at - first.at);
  if (last.done >= total) return { perSecond, left: 0 };
  return { perSecond, left: perSecond > 0 ? (total - last.done) / perSecond : null };
}

/** Return how long to wait before the next look, in ms: often at first, seldom in a run of hours. */
export function nextLook(secondsSoFar: number): number {
  if (secondsSoFar < 10) return 1000;
  if (secondsSoFar < 120) return 2000;
  return 5000;
}
