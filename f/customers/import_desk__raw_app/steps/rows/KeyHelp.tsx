import { t } from "../../texts";

/** The keys of the table, for who wants to know them. */
export function KeyHelp() {
  return (
    <details class="keys">
      <summary>{t.rows.keys.title}</summary>
      <dl>
        {t.rows.keys.list.map(([keys, meaning]) => (
          <div key={keys}>
            <dt>{keys}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
