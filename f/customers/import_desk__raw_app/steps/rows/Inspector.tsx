import { Button } from "../../parts/Button";
import { t } from "../../texts";
import type { DeskRow, Problem } from "../../types";

interface Props {
  row: DeskRow | undefined;
  /** The column of the file that has the focus, from 1; 0 if none has. */
  column: number;
  header: readonly string[];
  onUse: (problem: Problem) => void;
  onAlike: (column: number, suggestion: string | null) => void;
  onToggle: () => void;
  onRestore: () => void;
}

/** All that is known of the row with the focus, and what can be done with it. Its height stays. */
export function Inspector({ row, column, header, onUse, onAlike, onToggle, onRestore }: Props) {
  if (!row) return <div class="inspector muted">{t.rows.inspectorNone}</div>;
  const state = { valid: "good", invalid: "bad", duplicate: "warn", excluded: "" }[row.state];
  return (
    <section class="inspector" aria-labelledby="inspected">
      <div class="inspector-head">
        <h2 id="inspected">{t.rows.inspector(row.line)}</h2>
        <span class={`badge ${state}`}>{t.rows.states[row.state]}</span>
      </div>
      {row.problems.length && row.state !== "excluded" ? (
        <ul class="problems">
          {row.problems.map((problem) => (
            <Found
              key={`${problem.code} ${problem.column}`}
              problem={problem}
              header={header}
              isHere={problem.column > 0 && problem.column === column}
              onUse={onUse}
            />
          ))}
        </ul>
      ) : (
        <p class="muted">{row.state === "excluded" ? t.rows.nothingExcluded : t.rows.nothing}</p>
      )}
      <div class="actions inspector-ways">
        {row.changed.length > 0 && (
          <Button kind="quiet" small onClick={onRestore}>
            {t.rows.restore}
          </Button>
        )}
        {column > 0 && (
          <Button kind="quiet" small onClick={() => onAlike(column, null)}>
            {t.rows.alikeTitle(nameOf(header, column))}
          </Button>
        )}
        <Button kind="quiet" small onClick={onToggle}>
          {row.state === "excluded" ? t.rows.include : t.rows.exclude}
        </Button>
      </div>
    </section>
  );
}

interface FoundProps {
  problem: Problem;
  header: readonly string[];
  isHere: boolean;
  onUse: (problem: Problem) => void;
}

function Found({ problem, header, isHere, onUse }: FoundProps) {
  return (
    <li class={isHere ? "is-here" : ""}>
      <p>
        {problem.column > 0 && <strong>{nameOf(header, problem.column)}: </strong>}
        {problem.message} <span class="muted">{problem.hint}</span>
      </p>
      {problem.suggestion !== null && problem.column > 0 && (
        <Button small onClick={() => onUse(problem)}>
          {t.rows.use(problem.suggestion)}
        </Button>
      )}
    </li>
  );
}

export function nameOf(header: readonly string[], column: number): string {
  return header[column - 1] || t.rows.nameless(column);
}
