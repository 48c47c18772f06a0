import { number } from "../../lib/format";
import { t } from "../../texts";
import type { Reason } from "../../types";

/** Why rows have their outcome, with what to do about it and the first of them; nothing if there is no reason. */
export function Reasons({ title, reasons }: { title: string; reasons: readonly Reason[] }) {
  if (!reasons.length) return null;
  return (
    <section class="panel">
      <h2>{title}</h2>
      <ul class="reasons">
        {reasons.map(({ outcome, code, message, hint, rows, examples }) => (
          <li key={`${outcome} ${code}`}>
            <p>
              <strong class="number">{number(rows)}</strong> {message} <span class="muted">{hint}</span>
            </p>
            {examples.length > 0 && (
              <ul class="muted">
                {examples.map(({ line, column, value }) => (
                  <li key={`${line} ${column}`}>{`${t.report.example(line, column)}${value ? `: ${value}` : ""}`}</li>
                ))}
              </ul>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
