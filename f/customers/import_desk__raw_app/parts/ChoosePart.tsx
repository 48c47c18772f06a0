import { bytes } from "../lib/format";
import { t } from "../texts";
import type { Part } from "../types";
import { Button } from "./Button";
import "./runs.css";

interface Props {
  parts: Part[];
  busy: boolean;
  onChoose: (name: string) => void;
}

/** The files of a zip of which one has to be chosen before there is anything else to see. */
export function ChoosePart({ parts, busy, onChoose }: Props) {
  return (
    <section class="panel">
      <h2>{t.reading.several(parts.length)}</h2>
      <ul class="runs">
        {parts.map(({ name, size }) => (
          <li key={name}>
            <span class="grow">
              {name} <span class="muted">{bytes(size ?? 0)}</span>
            </span>
            <Button small disabled={busy} aria-label={t.reading.choose(name)} onClick={() => onChoose(name)}>
              {t.reading.choose("")}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
