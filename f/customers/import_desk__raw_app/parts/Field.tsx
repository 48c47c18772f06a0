import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface FieldProps {
  label: string;
  /** The label is for screen readers only. */
  bare?: boolean | undefined;
  hint?: string | undefined;
  error?: string | undefined;
  children: (ids: { id: string; "aria-describedby": string | undefined; "aria-invalid": true | undefined }) => ComponentChildren;
}

/** A label, what it labels, and what there is to say of it. */
export function Field({ label, bare, hint, error, children }: FieldProps) {
  const id = useId();
  const said = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id} class={bare ? "hidden" : ""}>
        {label}
      </label>
      {children({ id, "aria-describedby": said || undefined, "aria-invalid": error ? true : undefined })}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p class="error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

interface TextProps extends Omit<FieldProps, "children"> {
  placeholder?: string;
  maxLength?: number;
  disabled?: boolean;
  numeric?: boolean;
  value: string;
  onInput?: (value: string) => void;
  /** Told when the person has finished: by Enter, or by leaving the field. */
  onCommit?: (value: string) => void;
}

export function TextField({ label, bare, hint, error, value, onInput, onCommit, numeric, ...rest }: TextProps) {
  return (
    <Field label={label} bare={bare} hint={hint} error={error}>
      {(ids) => (
        <input
          {...rest}
          {...ids}
          type="text"
          inputMode={numeric ? "numeric" : undefined}
          class="input"
          value={value}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => onInput?.(event.currentTarget.value)}
          onChange={(event) => onCommit?.(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}
