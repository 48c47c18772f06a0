// What can go wrong between page and server, sorted by what the person does next.

/**
 * - `said`: the server refused with a sentence for the person; the same again gives the same.
 * - `later`: the other side could not just now; the same again may work.
 * - `lost`: no answer came, so nobody knows whether it was done.
 * - `session`: the login has ended.
 * - `broken`: a fault of ours.
 */
export type ErrorKind = "said" | "later" | "lost" | "session" | "broken";

export class ServerError extends Error {
  constructor(
    readonly kind: ErrorKind,
    message: string,
    readonly code: string = "",
  ) {
    super(message);
    this.name = "ServerError";
  }
}

const LATER = new Set(["TryLater", "WaitForQuota"]);
// Only words are left of what went wrong on the way: those of browsers, of Windmill and of `mill serve`.
const SESSION = /(^|Status|\b)401\b|unauthori[sz]ed|not logged in|invalid token/i;
const LOST = /ConnectionLost|failed to fetch|network ?error|load failed|websocket|(Status|\b)50[234]\b|timed? ?out/i;

/**
 * Return the error of a job that failed, from `{error: {name, message, extra}}`. In `extra` are the attributes of
 * the Python exception; those of our own errors, and no others, have a code, if only null, and count attempts.
 */
export function errorOfResult(result: unknown): ServerError {
  const error = record(record(result).error ?? result);
  const extra = record(error.extra);
  const message = text(error.message);
  const name = text(error.name);
  const code = text(error.code) || text(extra.code);
  if (!message || !("code" in error || ("code" in extra && "attempts" in extra))) {
    return new ServerError("broken", [name, message].filter(Boolean).join(": "), code);
  }
  return new ServerError(LATER.has(name) ? "later" : "said", message, code);
}

/** Return what kept a call from being made, from whatever was thrown. */
export function errorOfCall(thrown: unknown): ServerError {
  if (thrown instanceof ServerError) return thrown;
  const name = thrown instanceof Error ? thrown.name : "";
  const message = thrown instanceof Error ? thrown.message : String(record(thrown).message ?? thrown ?? "");
  const seen = `${name} ${message}`;
  // `mill serve` says how to log in there; none of Windmill's words are for a person.
  if (SESSION.test(seen)) return new ServerError("session", name === "Unauthorized" ? message : "");
  if (thrown instanceof TypeError || LOST.test(seen)) return new ServerError("lost", message);
  return new ServerError("broken", message);
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
