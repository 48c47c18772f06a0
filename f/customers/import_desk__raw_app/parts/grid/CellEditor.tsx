import { useLayoutEffect, useRef } from "preact/hooks";

import { editCommandOf, keyOf, type Bounds, type Cell } from "../../lib/keyboard";

interface Props {
  label: string;
  text: string;
  at: Cell;
  bounds: Bounds;
  onSave: (text: string, to: Cell) => void;
  onDiscard: () => void;
}

/** The field in a cell that is edited. A textarea, as a cell may have several lines (Alt+Enter makes one). */
export function CellEditor({ label, text, at, bounds, onSave, onDiscard }: Props) {
  const field = useRef<HTMLTextAreaElement>(null);
  const done = useRef(false);
  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    element.focus({ preventScroll: true });
    element.setSelectionRange(text.length, text.length);
  }, []);
  const finish = (how: () => void) => {
    if (done.current) return;
    done.current = true;
    how();
  };
  return (
    <textarea
      ref={field}
      class="grid-editor"
      aria-label={label}
      rows={1}
      defaultValue={text}
      spellcheck={false}
      autocomplete="off"
      autocapitalize="off"
      onKeyDown={(event) => {
        event.stopPropagation();
        const element = event.currentTarget;
        if (event.isComposing) return;
        if (event.key === "Enter" && event.altKey) {
          event.preventDefault();
          element.setRangeText("\n", element.selectionStart, element.selectionEnd, "end");
          return;
        }
        const command = editCommandOf(keyOf(event), at, bounds);
        if (!command) return;
        event.preventDefault();
        finish(() => (command.do === "save" ? onSave(element.value, command.to) : onDiscard()));
      }}
      onBlur={(event) => {
        const value = event.currentTarget.value;
        finish(() => onSave(value, at));
      }}
    />
  );
}
