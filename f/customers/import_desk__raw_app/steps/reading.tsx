import "./reading.css";
import { useState } from "preact/hooks";
import { Button } from "../parts/Button";
import { ChoosePart } from "../parts/ChoosePart";
import { TextField } from "../parts/Field";
import { useLook } from "../parts/look";
import type { Looked } from "../parts/look";
import { ErrorNotice } from "../parts/Notice";
import { Refused } from "../parts/Refused";
import { Select } from "../parts/Select";
import type { Option } from "../parts/Select";
import { Table } from "../parts/Table";
import { bytes, number } from "../lib/format";
import { t } from "../texts";
import type { Look, Note, OnDuplicate, Settings } from "../types";
import type { StepProps } from "./step";

const ENCODINGS = [
  "utf-8", "windows-1252", "iso-8859-1", "iso-8859-15", "utf-16", "windows-1250", "windows-1251", "mac_roman",
  "shift_jis", "gb18030",
];
const HEADER_LINES = 10; // rows that offer to be the names of the columns

export function Reading({ draft, onDraft, go }: StepProps) {
  const looked = useLook(draft, onDraft);
  const { look, busy, error } = looked;
  const preview = look?.preview ?? null;
  // What cannot be read as it is may be readable otherwise, so there is something to choose then, too.
  const settings = look?.draft.settings ?? (error ? draft.settings : null);
  return (
    <>
      <div class="heading">
        <div>
          <h1>{t.reading.heading}</h1>
          <p class="muted">{t.reading.lead}</p>
        </div>
        <p class="muted">{draft.file && `${draft.file.name}${draft.file.size ? `, ${bytes(draft.file.size)}` : ""}`}</p>
      </div>
      <ErrorNotice error={error} again={looked.reload} />
      {error && (
        <p>
          <a href="#/">{t.reading.another}</a>
        </p>
      )}
      {look && !preview ? (
        <ChoosePart parts={look.parts} busy={busy} onChoose={(sheet) => looked.change({ sheet })} />
      ) : (
        <>
          <Choices looked={looked} settings={settings} />
          <Purpose looked={looked} settings={settings} />
        </>
      )}
      <Refused looked={looked} />
      {(preview || (busy && !look)) && (
        <div class="rows-and-notes">
          <RowsAsRead look={look} busy={busy} onHeader={(line) => looked.change({ has_header: true, header_row: line })} />
          <Notes look={look} />
        </div>
      )}
      <div class="foot">
        {preview && preview.questions.length > 0 && (
          <p class="grow muted">{t.reading.open_questions(preview.questions.length)}</p>
        )}
        <Button kind="primary" disabled={!preview} onClick={() => go("columns")}>
          {t.reading.to_columns}
        </Button>
      </div>
    </>
  );
}

interface ChoiceProps {
  looked: Looked;
  settings: Settings | null;
}

/** Every choice shows what was found, and can be set against it. */
function Choices({ looked: { look, change }, settings }: ChoiceProps) {
  const table = look?.preview?.table ?? {};
  const isSheet = /xls/.test(table.container ?? "");
  const named = settings?.has_header;
  return (
    <section class="panel" aria-label={t.reading.heading}>
      <div class="choices">
        <Select
          label={t.reading.encoding}
          value={settings?.encoding ?? ""}
          disabled={!settings || isSheet}
          options={choices(ENCODINGS.map((value) => ({ value, text: value })), settings?.encoding, table.encoding, isSheet)}
          onChange={(encoding) => change({ encoding })}
        />
        <Select
          label={t.reading.delimiter}
          value={settings?.delimiter ?? ""}
          disabled={!settings || isSheet}
          options={choices(delimiters(), settings?.delimiter, delimiterText(table.delimiter), isSheet)}
          onChange={(delimiter) => change({ delimiter })}
        />
        <Select
          label={t.reading.header}
          value={named == null ? "" : String(named)}
          disabled={!settings}
          options={choices(
            [
              { value: "true", text: t.reading.header_yes },
              { value: "false", text: t.reading.header_none },
            ],
            "",
            look?.preview ? headerFound(table) : undefined,
          )}
          onChange={(value) => change({ has_header: value ? value === "true" : null, header_row: null })}
        />
        <HeaderRow look={look} settings={settings} change={change} />
        <Part look={look} settings={settings} change={change} />
      </div>
    </section>
  );
}

/** What is done with the rows: of every file, not of how this one is read. */
function Purpose({ looked: { look, change }, settings }: ChoiceProps) {
  const [problem, setProblem] = useState("");
  const kinds = Object.keys(t.reading.duplicates) as OnDuplicate[];
  return (
    <section class="panel" aria-label={t.reading.purpose}>
      <div class="choices">
        <Select
          label={t.reading.target}
          value={settings?.target ?? ""}
          disabled={!settings}
          options={targets(look, settings)}
          onChange={(target) => change({ target })}
        />
        <Select
          label={t.reading.on_duplicate}
          value={settings?.on_duplicate ?? ""}
          disabled={!settings}
          options={kinds.map((value) => ({ value, text: t.reading.duplicates[value] }))}
          onChange={(value) => change({ on_duplicate: value as OnDuplicate })}
        />
        <Committed
          label={t.reading.country}
          placeholder={t.reading.country_hint}
          maxLength={2}
          value={settings?.default_country ?? ""}
          disabled={!settings}
          onCommit={(value) => change({ default_country: value.trim().toUpperCase() })}
        />
        <Committed
          label={t.reading.bad_share}
          numeric
          value={settings ? String(Math.round(settings.max_bad_share * 1000) / 10) : ""}
          disabled={!settings}
          error={problem}
          onCommit={(text) => {
            const share = Number(text.trim().replace(",", ".")) / 100;
            const wrong = text.trim() === "" || !(share >= 0 && share <= 1);
            setProblem(wrong ? t.reading.bad_share_wrong : "");
            if (!wrong) change({ max_bad_share: share });
          }}
        />
      </div>
    </section>
  );
}

interface PartProps {
  look: Look | null;
  settings: Settings | null;
  change: Looked["change"];
}

function HeaderRow({ look, settings, change }: PartProps) {
  const found = look?.preview?.table.header_row ?? "";
  const [problem, setProblem] = useState("");
  return (
    <Committed
      label={t.reading.header_row}
      numeric
      value={settings?.header_row == null ? "" : String(settings.header_row)}
      placeholder={/^\d+$/.test(found) ? t.reading.found(found) : ""}
      disabled={!settings || settings.has_header === false}
      error={problem}
      onCommit={(text) => {
        const line = Number(text);
        const wrong = text.trim() !== "" && (!Number.isInteger(line) || line < 1);
        setProblem(wrong ? t.reading.header_row_wrong : "");
        if (!wrong) change({ header_row: text.trim() ? line : null, ...(text.trim() ? { has_header: true } : {}) });
      }}
    />
  );
}

/** The sheet of a workbook, or the file in a zip. */
function Part({ look, settings, change }: PartProps) {
  const container = look?.preview?.table.container;
  const found = look?.preview?.table.part ?? "";
  const parts = look?.parts ?? [];
  const named = parts.map(({ name, size }) => ({ value: name, text: size === null ? name : `${name}, ${bytes(size)}` }));
  const chosen = settings?.sheet ?? "";
  if (parts.length) {
    return (
      <Select
        label={t.reading.sheet}
        value={chosen}
        options={choices(named, chosen, found)}
        onChange={(sheet) => change({ sheet })}
      />
    );
  }
  return (
    <Committed
      label={t.reading.sheet}
      value={chosen}
      placeholder={look && !container ? t.reading.no_parts : found && t.reading.found(found)}
      disabled={!settings || (look !== null && !container && !chosen)}
      onCommit={(value) => change({ sheet: value.trim() })}
    />
  );
}

interface CommittedProps {
  label: string;
  hint?: string;
  error?: string;
  placeholder?: string;
  maxLength?: number;
  numeric?: boolean;
  disabled: boolean;
  value: string;
  onCommit: (value: string) => void;
}

/** A text that counts once it is finished; shows what is in force whenever that changes. */
function Committed({ value, onCommit, ...rest }: CommittedProps) {
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <TextField
      {...rest}
      value={typed ?? value}
      onInput={setTyped}
      onCommit={(text) => {
        setTyped(null);
        if (text !== value) onCommit(text);
      }}
    />
  );
}

/** Its place is kept where there is nothing to say: the rows stay where they are. */
function Notes({ look }: { look: Look | null }) {
  const notes = look?.preview?.notes ?? [];
  return (
    <section class="notes" aria-labelledby="notes">
      <h2 id="notes">{t.reading.notes}</h2>
      {notes.length > 0 && (
        <ul>
          {notes.map((note, at) => (
            <li key={at}>
              {note.text}
              <span class="muted">{noteWhere(note)}</span>
            </li>
          ))}
        </ul>
      )}
      {look && !notes.length && <p class="muted">{t.reading.no_notes}</p>}
    </section>
  );
}

function noteWhere(note: Note): string {
  const where = [
    note.line ? t.reading.note_line(number(note.line)) : "",
    note.rows ? t.common.rows(note.rows, number(note.rows)) : "",
  ].filter(Boolean);
  return where.length ? ` (${where.join(", ")})` : "";
}

interface RowsProps {
  look: Look | null;
  busy: boolean;
  onHeader: (line: number) => void;
}

/** The rows as they stand in the file, under the names that were found. */
function RowsAsRead({ look, busy, onHeader }: RowsProps) {
  if (!look) return <div class="table-frame rows-as-read rows-waiting">{busy && <p class="muted">{t.reading.busy}</p>}</div>;
  const { rows, lines, header } = look;
  return (
    <div class="rows-as-read">
      <Table dense busy={busy} caption={t.reading.rows_caption(number(rows.length))}>
        <thead>
          <tr>
            <th scope="col" class="line">
              {t.reading.line}
            </th>
            {header.map((title, at) => (
              <th scope="col" key={at} title={title}>
                {title || <span class="muted">{t.columns.nameless(String(at + 1))}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, at) => (
            <RowAsRead key={at} line={lines[at] ?? 0} cells={cells} onHeader={at < HEADER_LINES ? onHeader : undefined} />
          ))}
        </tbody>
      </Table>
      {!rows.length && <p class="muted rows-none">{t.reading.no_rows}</p>}
    </div>
  );
}

function RowAsRead({ line, cells, onHeader }: { line: number; cells: string[]; onHeader?: ((line: number) => void) | undefined }) {
  return (
    <tr>
      <th scope="row" class="line number">
        {onHeader ? (
          <button
            type="button"
            class="line-button"
            title={t.reading.take_as_header(number(line))}
            aria-label={t.reading.take_as_header(number(line))}
            onClick={() => onHeader(line)}
          >
            {number(line)}
          </button>
        ) : (
          number(line)
        )}
      </th>
      {cells.map((cell, at) => (
        <td key={at} title={cell.length > 40 ? cell : undefined}>
          {inOneLine(cell)}
        </td>
      ))}
    </tr>
  );
}

const inOneLine = (cell: string): string => cell.replace(/\r\n|\r|\n/g, " \u21b5 ");

/** The way to find out comes first, and what is set but not among the known ones is there, too. */
function choices(known: Option[], chosen: string | undefined, found: string | undefined, isSheet = false): Option[] {
  if (isSheet) return [{ value: chosen ?? "", text: t.reading.of_workbook }];
  const auto = { value: "", text: found ? t.reading.found(found) : t.reading.auto };
  const strange = chosen && !known.some((one) => one.value === chosen) ? [{ value: chosen, text: chosen }] : [];
  return [auto, ...known, ...strange];
}

const delimiters = (): Option[] => Object.entries(t.reading.delimiters).map(([value, text]) => ({ value, text }));

function delimiterText(found: string | undefined): string | undefined {
  if (found === undefined) return undefined;
  return found === "" || found === "None" ? t.reading.one_column : (t.reading.delimiters[found] ?? found);
}

function headerFound(table: Record<string, string>): string {
  if (table.has_header !== "True") return t.reading.header_found_none;
  return table.header_row && table.header_row !== "None" ? t.reading.header_found(table.header_row) : t.reading.header_yes;
}

function targets(look: Look | null, settings: Settings | null): Option[] {
  const known = (look?.targets ?? []).map(({ path, title }) => ({ value: path, text: title ? `${title} (${path})` : path }));
  const chosen = settings?.target;
  return chosen && !known.some((one) => one.value === chosen) ? [...known, { value: chosen, text: chosen }] : known;
}
