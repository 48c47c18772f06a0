import type { ComponentChildren } from "preact";

interface Props {
  /** What it shows; read out with the table, and shown above it unless `bare`. */
  caption: string;
  bare?: boolean;
  busy?: boolean;
  /** Cells are of one line, as in a spreadsheet. */
  dense?: boolean;
  children: ComponentChildren;
}

/** A table that scrolls by itself, by keyboard too, and never widens the page. */
export function Table({ caption, bare, busy, dense, children }: Props) {
  return (
    <div class="table-frame" role="region" aria-label={caption} tabIndex={0} aria-busy={busy || undefined}>
      <table class={dense ? "dense" : ""}>
        <caption class={bare ? "hidden" : ""}>{caption}</caption>
        {children}
      </table>
    </div>
  );
}
