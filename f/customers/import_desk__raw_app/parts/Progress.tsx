interface Props {
  label: string;
  /** 0 to 1; null while nobody knows. */
  value: number | null;
  /** What stands below it; its line is reserved. */
  detail?: string;
}

export function Progress({ label, value, detail = "" }: Props) {
  return (
    <div class="progress">
      <p class="progress-label">
        <span>{label}</span>
        <span class="number">{value === null ? "" : `${Math.floor(value * 100)} %`}</span>
      </p>
      <progress aria-label={label} max={1} {...(value === null ? {} : { value })} />
      <p class="hint number">{detail || "\u00a0"}</p>
    </div>
  );
}
