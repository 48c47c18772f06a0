import type { ComponentChildren, ButtonHTMLAttributes } from "preact";

interface Props extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "type" | "class" | "className"> {
  kind?: "primary" | "plain" | "quiet" | "danger";
  /** At work: keeps its width, and cannot be pressed again. */
  busy?: boolean;
  small?: boolean;
  children: ComponentChildren;
}

export function Button({ kind = "plain", busy = false, small = false, disabled, children, ...rest }: Props) {
  return (
    <button
      {...rest}
      type="button"
      class={`button ${kind}${small ? " small" : ""}`}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
    >
      <span>{children}</span>
    </button>
  );
}
