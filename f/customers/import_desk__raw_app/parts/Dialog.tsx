import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { t } from "../texts";
import { Button } from "./Button";

interface Props {
  title: string;
  children: ComponentChildren;
  /** What it asks for, as its button says it. */
  yes: string;
  danger?: boolean;
  busy?: boolean;
  onYes: () => void;
  onClose: () => void;
}

/** A question that must be answered first; Escape and Cancel say no. */
export function Dialog({ title, children, yes, danger, busy = false, onYes, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={heading} onClose={onClose}>
      <h2 id={heading}>{title}</h2>
      {children}
      <div class="actions end">
        <Button onClick={() => dialog.current?.close()}>{t.common.cancel}</Button>
        <Button kind={danger ? "danger" : "primary"} busy={busy} onClick={onYes}>
          {yes}
        </Button>
      </div>
    </dialog>
  );
}
