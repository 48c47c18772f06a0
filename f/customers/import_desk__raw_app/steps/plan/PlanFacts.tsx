import { number } from "../../lib/format";
import { t } from "../../texts";
import type { Action, Plan, Summary } from "../../types";
import { LOOKS } from "./PlanTable";

const ACTIONS = Object.keys(LOOKS) as Action[];
const NOT_SENT = ["invalid", "duplicate", "excluded"] as const;
const MOST_FIELDS = 20;

/** How many rows have which action, and what each action means. */
export function PlanCounts({ plan, checked }: { plan: Plan; checked: Record<string, number> }) {
  const { invalid = 0, duplicate = 0, excluded = 0 } = checked;
  // Those that a person left out are among the invalid ones.
  const unsent = { invalid: invalid - excluded, duplicate, excluded };
  return (
    <section class="panel">
      <h2>{t.plan.counts}</h2>
      <dl class="tiles">
        {ACTIONS.filter((name) => plan.counts[name]).map((name) => (
          <div key={name} class={`tile ${LOOKS[name]}`}>
            <dt>{t.plan.actions[name]}</dt>
            <dd>
              <span class="tile-number">{number(plan.counts[name] ?? 0)}</span>
              <span class="muted">{t.plan.meanings[name]}</span>
            </dd>
          </div>
        ))}
        {NOT_SENT.filter((name) => unsent[name]).map((name) => (
          <div key={name} class="tile warn">
            <dt>{t.plan.actions[name]}</dt>
            <dd>
              <span class="tile-number">{number(unsent[name])}</span>
              <span class="muted">{t.plan.meanings[name]}</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** What it costs, what is guaranteed, and which fields would change. */
export function PlanFacts({ summary, plan }: { summary: Summary; plan: Plan }) {
  const fields = Object.entries(plan.fields).sort(([, one], [, other]) => other - one).slice(0, MOST_FIELDS);
  const { forecast } = summary;
  return (
    <div class="facts">
      {forecast && (
        <section class="panel">
          <h2>{t.plan.cost}</h2>
          <p>{forecast.message}</p>
          {(forecast.days ?? 1) > 1 && <p class="muted">{t.plan.days(forecast.days ?? 1)}</p>}
        </section>
      )}
      <section class="panel">
        <h2>{t.plan.guarantee}</h2>
        <p>{summary.guarantee}</p>
      </section>
      {fields.length > 0 && (
        <section class="panel">
          <h2>{t.plan.fields}</h2>
          <ul class="plain">
            {fields.map(([name, rows]) => (
              <li key={name}>
                <span>{name}</span> <span class="muted number">{t.plan.fieldRows(rows)}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      {!!plan.reasons?.length && (
        <section class="panel">
          <h2>{t.plan.reasons}</h2>
          <ul class="plain">
            {plan.reasons.map(({ action, code, rows, lines }) => (
              <li key={`${action} ${code}`}>
                <span>
                  {summary.reasons.find((one) => one.code === code)?.message ?? `${t.plan.actions[action]}: ${code}`}
                </span>{" "}
                <span class="muted number">
                  {t.plan.fieldRows(rows)}, {t.plan.lines(lines.slice(0, 5))}
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}
