import type { ComponentChildren } from "preact";
import type { ServerError } from "../lib/errors";
import { t } from "../texts";
import { Button } from "./Button";

interface Props {
  kind?: "info" | "good" | "warn" | "bad";
  title?: string;
  children?: ComponentChildren;
  /** Buttons: the way on. */
  actions?: ComponentChildren;
  /** Read out as soon as it appears; for what the person did not wait for. */
  urgent?: boolean;
}

export function Notice({ kind = "info", title, children, actions, urgent }: Props) {
  return (
    <div class={`notice ${kind}`} role={urgent ? "alert" : "status"}>
      <div class="notice-text">
        {title && <p class="notice-title">{title}</p>}
        {children}
      </div>
      {actions && <div class="actions">{actions}</div>}
    </div>
  );
}

/** The sentence for what went wrong, where the person looks, with the way on. */
export function ErrorNotice({ error, again, title }: { error: ServerError | null; again?: (() => void) | undefined; title?: string }) {
  if (!error) return null;
  const retry = error.kind === "said" ? undefined : again; // it would say the same
  return (
    <Notice kind="bad" urgent {...(title ? { title } : {})} actions={retry && <Button small onClick={retry}>{t.common.again}</Button>}>
      <p>{sentenceOf(error)}</p>
      {error.kind === "broken" && error.message && <p class="technical">{error.message}</p>}
    </Notice>
  );
}

export function sentenceOf(error: ServerError): string {
  if (error.kind === "lost") return t.errors.lost;
  if (error.kind === "session") return t.errors.session(error.message);
  if (error.kind === "broken") return t.errors.broken;
  return error.message;
}
