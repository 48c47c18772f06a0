// The shapes that the scripts under f/desk take and return. Lines of a file and columns count from 1.

export type RunKind = "check" | "plan" | "apply" | "verify";
export type OnDuplicate = "skip" | "update" | "fail";

/** What a person chose. Empty text and null: found out from the file. */
export interface Settings {
  encoding: string;
  delimiter: string;
  has_header: boolean | null;
  header_row: number | null;
  sheet: string;
  /** Column of the file to our field; "" leaves the column out. */
  mapping: Record<string, string>;
  default_country: string;
  target: string;
  on_duplicate: OnDuplicate;
  max_bad_share: number;
}

/** What is changed of the settings; corrections that would fit no more must be given up with it. */
export type Changes = Partial<Settings> & { forget_corrections?: true };

export interface SourceFile {
  s3: string;
  name: string;
  size: number;
}

/** How a run ended. `counts` are those of the import's summary, or of a dry run's. */
export interface Ended {
  state: "succeeded" | "failed" | "canceled";
  message: string;
  code: string;
  at: string;
  seconds: number;
  counts: Record<string, number>;
}

/** `hash` is the plan that is applied; `settings` and `corrections_file` are what a plan was made of. */
export interface Run {
  job: string;
  by: string;
  at: string;
  digest: string;
  hash?: string;
  asks_first?: boolean;
  settings?: Settings;
  corrections_file?: string;
  ended?: Ended;
}

export interface Example {
  line: number;
  column: string | null;
  value: string;
  after?: string;
}

/** Why rows have their outcome, with how many and the first of them. Values are masked. */
export interface Reason {
  outcome: string;
  code: string;
  message: string;
  hint: string;
  rows: number;
  examples: Example[];
}

export interface Checked {
  digest: string;
  s3: string;
  counts: Record<string, number>;
  reasons: Reason[];
  header: string[];
  repairs: number;
}

/** Rows that were left out in one step, as they had the same reason. */
export interface LeftOut {
  id: string;
  reason: string;
  message: string;
  rows: number;
}

export interface Draft {
  id: string;
  version: number;
  created_at: string;
  created_by: string;
  name: string;
  file: SourceFile | null;
  settings: Settings;
  corrections: Record<string, number>;
  /** Another one with every change; empty if there are none. */
  corrections_file?: string;
  left_out?: LeftOut[];
  checked: Checked | null;
  plan_hash: string;
  plan_digest: string;
  runs: Partial<Record<RunKind, Run>>;
  import_id: string;
  continues?: string;
  /** When file and rows were deleted, as the import was old; its reports are kept. */
  cleared_at?: string;
}

export interface Started {
  draft: Draft;
  part_bytes: number;
  max_bytes: number;
}

/** `rows`: how many rows show it, 0 if that says nothing. */
export interface Note {
  code: string;
  line: number | null;
  text: string;
  rows?: number;
}

/** `field` is "custom: name" for what no field stands for, empty if the column is left out. */
export interface PreviewColumn {
  number: number;
  header: string;
  field: string;
  how: "mapping" | "name" | "stand_in" | "content" | "position" | "";
  reason: string;
  samples: string[];
}

/** What only a person can decide: which of these columns holds the field. */
export interface Question {
  code: string;
  field: string;
  columns: number[];
  sentence: string;
}

export interface Preview {
  source: string;
  table: Record<string, string>;
  notes: Note[];
  columns: PreviewColumn[];
  questions: Question[];
  rows: number;
}

export interface FieldInfo {
  name: string;
  title: string;
  required: boolean;
  meaning: string;
}

export interface TargetInfo {
  path: string;
  title: string;
  description: string;
  kind: string;
}

/** A sheet of a workbook, or a file in a zip with the bytes that it is said to have. */
export interface Part {
  name: string;
  size: number | null;
}

export interface Look {
  draft: Draft;
  /** Null as long as nobody has chosen one of the parts. */
  preview: Preview | null;
  rows: string[][];
  lines: number[];
  header: string[];
  fields: FieldInfo[];
  targets: TargetInfo[];
  /** "the import of <date>" if the mapping was offered from there, else empty. */
  mapping_from: string;
  /** The sheets of a workbook, or the files of a zip, where there are several to choose from. */
  parts: Part[];
}

export type RowView = "attention" | "all" | "repaired" | "changed";
export type RowState = "valid" | "invalid" | "duplicate" | "excluded";

export interface Problem {
  code: string;
  column: number;
  message: string;
  hint: string;
  suggestion: string | null;
}

export interface DeskRow {
  line: number;
  cells: string[];
  state: RowState;
  problems: Problem[];
  changed: number[];
}

export interface Rows {
  total: number;
  offset: number;
  rows: DeskRow[];
  outdated: boolean;
}

export interface RowQuery {
  view: RowView;
  reason?: string;
  column?: number;
  search?: string;
  offset?: number;
  limit?: number;
}

export interface Corrections {
  cells?: { line: number; column: number; value: string }[];
  rows?: { line: number; cells: string[] }[];
  alike?: { column: number; from: string; to: string }[];
  exclude?: number[];
  include?: number[];
  undo?: number[];
}

export interface Corrected {
  draft: Draft;
  rows: DeskRow[];
}

/** `rows`: how many are concerned; `step` is the name under which they are taken in again. */
export interface ExcludedRows {
  draft: Draft;
  rows: number;
  step: string;
}

export type Action = "create" | "update" | "unchanged" | "skip" | "refuse" | "hold" | "unread";

export interface PlannedReason {
  action: Action;
  code: string;
  rows: number;
  lines: number[];
}

/** An empty hash: rows could not be planned, and such a plan cannot be applied. */
export interface Plan {
  hash: string;
  counts: Partial<Record<Action, number>>;
  fields: Record<string, number>;
  examples: { line: number; field: string; before: string; after: string }[];
  reasons?: PlannedReason[];
  requests: number;
}

export interface Forecast {
  calls_at_least: number;
  calls: number;
  daily_limit: number | null;
  left_today: number | null;
  renews_at: string | null;
  seconds: number | null;
  days: number | null;
  message: string;
}

export interface Certificate {
  eligible: number;
  read: number;
  identical: number;
  altered: number;
  missing: number;
  not_known: number;
  alterations: { field: string; kind: string; rows: number; examples: { line: number; sent: string; there: string }[] }[];
  not_shown: string[];
  missing_lines: number[];
  message: string;
}

export type FileKind = "rejects" | "report" | "plan" | "missing" | "source";

export interface Summary {
  counts: Record<string, number>;
  reasons: Reason[];
  guarantee: string;
  forecast: Forecast | null;
  would_stop: string[];
  plan: Plan | null;
  certificate: Certificate | null;
  files: Partial<Record<FileKind, boolean>>;
  parked: { rows: number; resume_at: string } | null;
  /** Rows that stop a plan, of so many, and the least share of them that would have to be allowed. */
  bad_rows: { bad: number; rows: number; share: number } | null;
}

export type RunState = "none" | "queued" | "running" | "waiting" | "succeeded" | "failed" | "canceled";

export interface Status {
  draft: Draft;
  kind: RunKind | "";
  state: RunState;
  message: string;
  code: string;
  percent: number | null;
  rows_done: number;
  rows_total: number;
  outcomes: Record<string, number>;
  started_at: string;
  seconds: number;
  result: Summary | null;
  approval: { page: string } | null;
}

export interface PlanRow {
  line: number;
  key: string;
  action: Action;
  reason: string;
  id: string;
  changes: { field: string; before: string; after: string }[];
}

export interface PlanRows {
  total: number;
  rows: PlanRow[];
}

export interface Applied {
  draft: Draft;
  started: boolean;
  by: string;
  at: string;
}

export type Stage =
  | "uploading"
  | "reading"
  | "mending"
  | "planned"
  | "applying"
  | "waiting"
  | "done"
  | "failed"
  | "canceled";

/** A line of the list of imports. */
export interface ListedDraft {
  id: string;
  name: string;
  created_at: string;
  created_by: string;
  stage: Stage;
  counts: Record<string, number>;
  import_id: string;
  rows: number;
  cleared?: boolean;
}

export interface DraftList {
  drafts: ListedDraft[];
  more: boolean;
}

/** One of an import's runs: a plan, an import, or what was read back. `files` can be downloaded. */
export interface ListedRun {
  kind: RunKind;
  job: string;
  by: string;
  at: string;
  state: "running" | "succeeded" | "failed" | "canceled";
  message: string;
  code: string;
  seconds: number;
  counts: Record<string, number>;
  files: FileKind[];
}

export interface RunList {
  total: number;
  runs: ListedRun[];
}

export interface Piece {
  filename: string;
  content_type: string;
  data: string;
  next: number | null;
  size: number | null;
}
