import { number } from "../lib/format";
import { OUTCOMES } from "../lib/outcomes";
import { t } from "../texts";
import "./outcomes.css";

interface Props {
  outcomes: Record<string, number>;
  /** Rows in all; what is missing to it is drawn as still to come. */
  total: number;
}

/** The rows by outcome as one bar. It says nothing that the table beside it does not say in words. */
export function OutcomeBar({ outcomes, total }: Props) {
  // Each reaches from the left to its end, and those before it lie over it: so none has to move.
  let end = 0;
  const reaches = OUTCOMES.filter((name) => (outcomes[name] ?? 0) > 0).map((name) => {
    end += outcomes[name] ?? 0;
    return { name, share: Math.min(1, end / Math.max(1, total)) };
  });
  return (
    <div class="outcome-bar" aria-hidden="true">
      {reaches.reverse().map(({ name, share }) => (
        <span key={name} class={`swatch is-${name}`} style={{ transform: `scaleX(${share})` }} />
      ))}
    </div>
  );
}

/** The rows by outcome, each with what it means. All outcomes are there, so that nothing moves when one comes. */
export function OutcomeTable({ outcomes, total, all }: Props & { all: boolean }) {
  const shown = OUTCOMES.filter((name) => all || (outcomes[name] ?? 0) > 0);
  return (
    <table class="outcomes">
      <caption class="hidden">{t.report.outcomes}</caption>
      <thead class="hidden">
        <tr>
          <th scope="col">{t.report.outcome}</th>
          <th scope="col">{t.report.rows}</th>
        </tr>
      </thead>
      <tbody>
        {shown.map((name) => (
          <tr key={name} class={outcomes[name] ? "" : "is-none"}>
            <th scope="row">
              <span class="outcome-name">
                <span class={`swatch is-${name}`} aria-hidden="true" /> {t.report.names[name]}
              </span>{" "}
              <span class="muted">{t.report.meanings[name]}</span>
            </th>
            <td class="number">{number(outcomes[name] ?? 0)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">{t.report.inAll}</th>
          <td class="number">{number(total)}</td>
        </tr>
      </tfoot>
    </table>
  );
}
