import { number } from "../../lib/format";
import { t } from "../../texts";
import type { Certificate } from "../../types";

/** What was read back of an import. */
export function CertificatePanel({ certificate }: { certificate: Certificate }) {
  const figures: [string, number, string][] = [
    [t.report.eligible, certificate.eligible, ""],
    [t.report.read, certificate.read, ""],
    [t.report.identical, certificate.identical, "good"],
    [t.report.altered, certificate.altered, certificate.altered ? "warn" : ""],
    [t.report.missing, certificate.missing, certificate.missing ? "bad" : ""],
    [t.report.notKnown, certificate.not_known, certificate.not_known ? "warn" : ""],
  ];
  return (
    <>
      <p>{certificate.message}</p>
      <dl class="tiles">
        {figures.map(([name, value, look]) => (
          <div key={name} class={`tile ${look}`}>
            <dt>{name}</dt>
            <dd>
              <span class="tile-number">{number(value)}</span>
            </dd>
          </div>
        ))}
      </dl>
      {certificate.alterations.length > 0 && (
        <ul class="reasons">
          {certificate.alterations.map(({ field, kind, rows, examples }) => (
            <li key={`${field} ${kind}`}>
              <p>{t.report.alteration(field, t.report.kinds[kind] ?? kind, rows)}</p>
              <ul class="muted">
                {examples.map(({ line, sent, there }) => (
                  <li key={line}>{`${t.report.example(line, null)}: ${t.report.sent(sent, there)}`}</li>
                ))}
              </ul>
            </li>
          ))}
        </ul>
      )}
      {certificate.not_shown.length > 0 && <p class="muted">{t.report.notShown(certificate.not_shown.join(", "))}</p>}
    </>
  );
}
