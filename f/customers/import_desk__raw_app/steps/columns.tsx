import "./columns.css";
import { useEffect, useState } from "preact/hooks";
import { Button } from "../parts/Button";
import { ColumnRow } from "../parts/ColumnRow";
import { FieldPalette } from "../parts/FieldPalette";
import { useLook } from "../parts/look";
import { ErrorNotice, Notice } from "../parts/Notice";
import { Progress } from "../parts/Progress";
import { Refused } from "../parts/Refused";
import { useCheck } from "../parts/useCheck";
import { columnOf, isCustom, titleOf, withField } from "../lib/columns";
import { duration } from "../lib/format";
import { t } from "../texts";
import type { Look, PreviewColumn, Question } from "../types";
import type { StepProps } from "./step";

/** A choice that another column stands against: said where it was made. */
interface Clash {
  column: PreviewColumn;
  field: string;
  holder: PreviewColumn;
}

export function Columns({ draft, onDraft, go }: StepProps) {
  const looked = useLook(draft, onDraft);
  const { look, busy, error, change } = looked;
  const [clash, setClash] = useState<Clash | null>(null);
  const [dragged, setDragged] = useState("");
  const check = useCheck(draft, (checked) => {
    onDraft(checked);
    go("rows");
  });
  const preview = look?.preview ?? null;
  useEffect(() => {
    if (look && !preview) go("reading"); // where one of several files is chosen
  }, [look]);
  const columns = preview?.columns ?? [];
  const fields = look?.fields ?? [];
  const questions = preview?.questions ?? [];

  const assign = (column: PreviewColumn, field: string, leftOut?: PreviewColumn) => {
    if (!look || column.field === field) return setClash(null);
    const holder = isCustom(field) ? undefined : columnOf(field, columns);
    if (holder && holder !== leftOut) return setClash({ column, field, holder });
    setClash(null);
    change({ mapping: withField(look.draft.settings.mapping, columns, column, field, leftOut) });
  };

  return (
    <>
      <div class="heading">
        <div>
          <h1>{t.columns.heading}</h1>
          <p class="muted">{t.columns.lead}</p>
        </div>
      </div>
      <ErrorNotice error={error} again={looked.reload} />
      {look?.mapping_from && (
        <Notice actions={<Button small onClick={() => change({ mapping: {} })}>{t.columns.offered_drop}</Button>}>
          <p>{t.columns.offered(look.mapping_from)}</p>
        </Notice>
      )}
      <Refused looked={looked} />
      {look && questions.length > 0 && <Questions look={look} columns={columns} questions={questions} onAnswer={assign} />}
      <div class="mapping" aria-busy={busy || undefined}>
        <h2 class="hidden" id="columns">
          {t.columns.column}
        </h2>
        <ol class="columns" aria-labelledby="columns">
          {!look && <li class="columns-waiting muted">{busy && t.reading.busy}</li>}
          {look &&
            columns.map((column) => (
              <ColumnRow
                key={column.number}
                column={column}
                columns={columns}
                fields={fields}
                asked={questions.some((question) => question.columns.includes(column.number))}
                dragging={dragged}
                clash={clash?.column.number === column.number ? clash : null}
                onAssign={assign}
              />
            ))}
        </ol>
        <FieldPalette fields={fields} columns={columns} onDrag={setDragged} />
      </div>
      <ErrorNotice error={check.error} again={check.run} />
      <div class="foot">
        <div class="grow">
          {check.busy ? (
            <Progress label={t.columns.checking} value={null} detail={check.seconds > 1 ? duration(check.seconds) : ""} />
          ) : (
            <p class="muted">{questions.length ? t.columns.open_questions : t.columns.check_hint}</p>
          )}
        </div>
        <Button onClick={() => go("reading")}>{t.common.back}</Button>
        <Button kind="primary" busy={check.busy} disabled={!preview || busy || questions.length > 0} onClick={check.run}>
          {t.columns.check}
        </Button>
      </div>
    </>
  );
}

interface QuestionsProps {
  look: Look;
  columns: PreviewColumn[];
  questions: Question[];
  onAnswer: (column: PreviewColumn, field: string) => void;
}

/** What only a person can decide, with the answers to choose from. */
function Questions({ look, columns, questions, onAnswer }: QuestionsProps) {
  return (
    <Notice kind="warn" title={t.columns.questions}>
      {questions.map((question) => (
        <div key={question.code + question.field} class="question">
          <p>{questionText(question, look)}</p>
          <div class="actions">
            {columns
              .filter((column) => question.columns.includes(column.number))
              .map((column) => (
                <Button small key={column.number} onClick={() => onAnswer(column, question.field)}>
                  {t.columns.answer(String(column.number), column.header)}
                </Button>
              ))}
          </div>
        </div>
      ))}
    </Notice>
  );
}

/** The server's sentence speaks of a mapping, as forms have one; here there are buttons. */
function questionText(question: Question, { fields }: Look): string {
  const field = titleOf(question.field, fields);
  if (question.code === "two_columns_for_one_field") return t.columns.ask_which(field);
  return /^no_\w+_column$/.test(question.code) ? t.columns.ask_missing(field) : question.sentence;
}
