import { Field } from "./Field";

export interface Option {
  value: string;
  text: string;
  disabled?: boolean;
}

export interface OptionGroup {
  label: string;
  options: Option[];
}

interface Props {
  label: string;
  bare?: boolean | undefined;
  hint?: string | undefined;
  error?: string | undefined;
  value: string;
  options: (Option | OptionGroup)[];
  disabled?: boolean | undefined;
  onChange: (value: string) => void;
}

export function Select({ label, bare, hint, error, value, options, disabled, onChange }: Props) {
  return (
    <Field label={label} bare={bare} hint={hint} error={error}>
      {(ids) => (
        <select
          {...ids}
          class="input"
          value={value}
          disabled={disabled}
          onChange={(event) => {
            const chosen = event.currentTarget.value;
            // The answer decides what is selected: it may refuse.
            event.currentTarget.value = value;
            onChange(chosen);
          }}
        >
          {options.map((one) => ("options" in one ? <Group key={one.label} {...one} /> : <One key={one.value} {...one} />))}
        </select>
      )}
    </Field>
  );
}

const Group = ({ label, options }: OptionGroup) => (
  <optgroup label={label}>
    {options.map((one) => (
      <One key={one.value} {...one} />
    ))}
  </optgroup>
);

const One = ({ value, text, disabled }: Option) => (
  <option value={value} disabled={disabled}>
    {text}
  </option>
);
