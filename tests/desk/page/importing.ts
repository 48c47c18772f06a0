// A stand-in of the scripts behind the second half of the page: a file of 100,000 rows made on the fly, with
// rows to mend, a plan, an import that takes some seconds, a report. The state is the tab's own; the address says
// in which it begins: ?importing with planned, stops, applied=now|done, approval, parked, fails, second, changed, cleared.

import type {
  Action,
  Corrections,
  DeskRow,
  Draft,
  ListedRun,
  PlanRow,
  Problem,
  RowQuery,
  Status,
  Summary,
} from "../../../f/customers/import_desk__raw_app/types";

const scene = new URLSearchParams(location.search);
const ROWS = Number(scene.get("rows") ?? 100_000);
const EVERY = 81;
const header = ["Customer no.", "First name", "Last name", "Email", "Phone", "Company", "Country", "Note"];
const FIRST = ["Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Margaret", "Dennis", "Frances", "Ken"];
const LAST = ["Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov", "Knuth", "Hamilton", "Ritchie", "Allen"];

const REASONS = {
  invalid_email: ["The email address has no valid form.", "Correct it, as in name@example.com."],
  missing_value: ["A field that every record needs is empty.", "Fill in the field, or map the column that holds it."],
  invalid_phone: ["The phone number cannot be one.", "Write it with its country code, as in +1 202 555 0123."],
  duplicate_in_file: ["The row repeats a row above it.", "Nothing to do: the first of them is imported."],
} as const;
type Code = keyof typeof REASONS;
const CODES = Object.keys(REASONS) as Code[];

interface Mended {
  cells: Map<number, string>;
  excluded: boolean;
}

const mended = new Map<number, Mended>();
let outdated = false;
let version = 3;
let share = 0.2; // of bad rows that are allowed
const stops = () => scene.has("stops") && share < 0.23;
let plan: { began: number } | null = scene.has("planned") || scene.has("applied") ? { began: 0 } : null;
let apply: { began: number; approval: boolean; canceled: number } | null = scene.has("applied")
  ? { began: scene.get("applied") === "done" ? 0 : Date.now(), approval: scene.has("approval"), canceled: 0 }
  : null;
let verify: { began: number; all: boolean } | null = null;
/** Rows that the import sends in a second. */
const SPEED = Number(scene.get("speed") ?? 6000);
const hash = "0a1b2c3d4e5f-6a7b8c9d0e1f-2a3b4c5d6e7f";

const isMarked = (index: number) => index % EVERY === 7;
const attention = () => Math.ceil(Math.max(0, ROWS - 7) / EVERY);
const codeOf = (index: number): Code => CODES[Math.floor(index / EVERY) % CODES.length] ?? "invalid_email";

function original(index: number): string[] {
  const first = FIRST[index % FIRST.length] ?? "";
  const last = LAST[(index * 7) % LAST.length] ?? "";
  const email = `${first}.${last}.${index}@example.com`.toLowerCase();
  const phone = `+1202555${String(index % 10000).padStart(4, "0")}`;
  const cells = [String(10_000 + index), first, last, email, phone, "Example Ltd", "US", index % 9 ? "" : "met at the fair"];
  if (!isMarked(index)) return cells;
  const code = codeOf(index);
  if (code === "invalid_email") cells[3] = email.replace("@example.com", "@@example,com");
  if (code === "missing_value") cells[3] = "";
  if (code === "invalid_phone") cells[4] = phone.slice(2).replace("555", "55-");
  return cells;
}

function judge(index: number): DeskRow {
  const change = mended.get(index + 2);
  const cells = original(index).map((cell, at) => change?.cells.get(at + 1) ?? cell);
  const problems: Problem[] = [];
  const say = (code: Code, column: number, suggestion: string | null) => {
    const [message, hint] = REASONS[code];
    problems.push({ code, column, message, hint, suggestion });
  };
  const email = cells[3] ?? "";
  if (!email) say("missing_value", 4, null);
  else if (!/^[^@\s<>]+@[^@\s,]+\.[a-z]+$/.test(email)) say("invalid_email", 4, email.replace("@@", "@").replace(",", "."));
  if (!/^\+\d{11}$/.test(cells[4] ?? "")) {
    const digits = (cells[4] ?? "").replace(/\D/g, "");
    say("invalid_phone", 5, digits.length === 9 ? `+1${digits.slice(0, 5)}5${digits.slice(5)}` : null);
  }
  if (isMarked(index) && codeOf(index) === "duplicate_in_file") say("duplicate_in_file", 0, null);
  const isRepeat = problems.some(({ code }) => code === "duplicate_in_file");
  const state = change?.excluded ? "excluded" : isRepeat ? "duplicate" : problems.length ? "invalid" : "valid";
  return { line: index + 2, cells, state, problems, changed: [...(change?.cells.keys() ?? [])] };
}

function listRows({ view, reason = "", search = "", offset = 0, limit = 200 }: RowQuery) {
  let indexes: (at: number) => number = (at) => at;
  let total = ROWS;
  const code = CODES.indexOf(reason as Code);
  if (view === "attention" || code >= 0) {
    const step = code < 0 ? 1 : CODES.length;
    indexes = (at) => (at * step + Math.max(0, code)) * EVERY + 7;
    total = Math.ceil((attention() - Math.max(0, code)) / step);
  } else if (view === "changed") {
    const lines = [...mended.keys()].sort((one, other) => one - other);
    indexes = (at) => (lines[at] ?? 2) - 2;
    total = lines.length;
  } else if (view === "repaired") {
    indexes = (at) => at * 9;
    total = 56;
  }
  if (search) {
    const found: number[] = [];
    for (let at = 0; at < Math.min(total, 20_000); at++) {
      if (original(indexes(at)).some((cell) => cell.toLowerCase().includes(search.toLowerCase()))) found.push(indexes(at));
    }
    indexes = (at) => found[at] ?? 0;
    total = found.length;
  }
  const count = Math.max(0, Math.min(limit, total - offset));
  return { total, offset, outdated, rows: Array.from({ length: count }, (_, at) => judge(indexes(offset + at))) };
}

function refuse(message: string, code: string): never {
  throw { name: "FixInput", message, code };
}

function correctRows(args: { version: number } & Corrections) {
  if (args.version !== version) {
    refuse("This import was changed in another window or by somebody else since you saw it.", "draft_changed");
  }
  const touched = new Set<number>();
  const at = (line: number) => {
    touched.add(line);
    const known = mended.get(line) ?? { cells: new Map<number, string>(), excluded: false };
    mended.set(line, known);
    return known;
  };
  for (const { line, column, value } of args.cells ?? []) at(line).cells.set(column, value);
  for (const line of args.exclude ?? []) at(line).excluded = true;
  for (const line of args.include ?? []) at(line).excluded = false;
  for (const line of args.undo ?? []) {
    touched.add(line);
    mended.delete(line);
  }
  version += 1;
  outdated = true;
  return { draft: draft(), rows: [...touched].map((line) => judge(line - 2)) };
}

let leftOut: { id: string; reason: string; message: string; rows: number }[] = [];

function excludeRows({ reason = "", undo = "", dry_run }: { reason?: string; undo?: string; dry_run: boolean }) {
  const code = CODES[CODES.indexOf(reason as Code)] ?? leftOut.find(({ id }) => id === undo)?.reason;
  const rows = listRows({ view: "attention", reason: code ?? "", limit: ROWS }).rows.filter(({ state }) => (state === "excluded") === !!undo);
  if (dry_run) return { draft: draft(), rows: rows.length, step: "" };
  correctRows({ version, [undo ? "include" : "exclude"]: rows.map(({ line }) => line) });
  const step = undo ? "" : `${reason}-1`;
  if (undo) leftOut = leftOut.filter(({ id }) => id !== undo);
  else leftOut.push({ id: step, reason, message: REASONS[reason as Code][0], rows: rows.length });
  return { draft: draft(), rows: rows.length, step };
}

const counts = () => {
  const bad = attention();
  const repeated = Math.floor(bad / 4);
  return { rows: ROWS, valid: ROWS - bad, invalid: bad - repeated, duplicate: repeated };
};

function draft(): Draft {
  const each = Math.floor(attention() / 4);
  const reason = (code: Code, outcome: string) => ({
    outcome,
    code,
    message: REASONS[code][0],
    hint: REASONS[code][1],
    rows: each,
    examples: [{ line: 9, column: "Email", value: "a…@@e…" }],
  });
  const over = (counts: Record<string, number>) => ({ state: "succeeded" as const, message: "", code: "", at: "", seconds: 9, counts });
  const applied = apply && (apply.canceled || Date.now() - apply.began > (1000 * counts().valid) / SPEED);
  const run = { job: "job", by: "grace", at: "2025-11-29T10:00:00+00:00", digest: "d1" };
  return {
    id: "20251129-100000-0badcafe",
    version,
    created_at: "2025-11-29T09:58:00+00:00",
    created_by: "grace",
    name: "customers-november.csv",
    file: { s3: "desk/x/source", name: "customers-november.csv", size: 8_123_456 },
    settings: {
      encoding: "", delimiter: "", has_header: null, header_row: null, sheet: "", mapping: {}, default_country: "",
      target: "f/customers/mock_api", on_duplicate: "update", max_bad_share: share,
    },
    corrections: { cells: mended.size },
    left_out: leftOut,
    checked: scene.has("unchecked") ? null : {
      digest: "d1",
      s3: "desk/x/parsed",
      counts: counts(),
      reasons: [
        reason("invalid_email", "invalid"), reason("missing_value", "invalid"), reason("invalid_phone", "invalid"),
        reason("duplicate_in_file", "duplicate"),
      ],
      header,
      repairs: 56,
    },
    plan_hash: plan && !stops() ? hash : "",
    plan_digest: plan ? (outdated ? "d0" : "d1") : "",
    runs: { check: run, ...(plan ? { plan: run } : {}), ...(apply ? { apply: { ...run, hash, ...(applied && !apply.approval ? { ended: over({}) } : {}) } } : {}), ...(verify ? { verify: run } : {}) },
    import_id: apply ? "20251129-100500" : "",
    ...(scene.has("cleared") ? { cleared_at: "2026-01-03T04:15:00+00:00" } : {}),
  };
}

const ACTIONS: Action[] = ["create", "update", "unchanged", "update", "refuse"];
const actionOf = (index: number): Action => ACTIONS[index % ACTIONS.length] ?? "create";

function planRow(index: number): PlanRow {
  const [, first = "", last = "", email = "", phone = ""] = original(index);
  const action = actionOf(index);
  const changes = [
    { field: "phone", before: "+12025550100", after: phone },
    { field: "last_name", before: last.slice(0, 3), after: last },
    { field: "email", before: email.replace("example.com", "example.org"), after: email },
  ];
  return {
    line: index + 2,
    key: email,
    action,
    reason: action === "refuse" ? "A field that the target requires is empty." : "",
    id: action === "create" ? "" : `cust_${index}`,
    changes: action === "update" ? changes.slice(0, 1 + (index % 3)) : action === "create" ? [{ field: "first_name", before: "", after: first }] : [],
  };
}

function listPlan({ action = "", offset = 0, limit = 200 }: { action?: Action | ""; offset?: number; limit?: number }) {
  const places = ACTIONS.flatMap((one, at) => (one === action ? [at] : []));
  const total = action ? (ROWS / ACTIONS.length) * places.length : ROWS;
  const indexes = (at: number) =>
    action ? Math.floor(at / places.length) * ACTIONS.length + (places[at % places.length] ?? 0) : at;
  const count = Math.max(0, Math.min(limit, total - offset));
  return { total, rows: Array.from({ length: count }, (_, at) => planRow(indexes(offset + at))) };
}

function summary(kind: "plan" | "apply"): Summary {
  const { valid, invalid, duplicate } = counts();
  const fifth = Math.floor(valid / 5);
  const planned = { create: fifth, update: 2 * fifth, unchanged: fifth, skip: 0, refuse: valid - 4 * fifth };
  const applied = { created: fifth, updated: 2 * fifth - 12, unchanged: fifth, rejected: valid - 4 * fifth, failed: 8, unknown: 4 };
  return {
    counts: kind === "plan" ? { rows: ROWS } : { rows: ROWS, ...applied, duplicate, invalid },
    reasons: kind === "plan" ? [] : [
      { outcome: "rejected", code: "refused", message: "The API refused the row.", hint: "Correct what the detail says.", rows: applied.rejected,
        examples: [{ line: 12, column: "Email", value: "a…@e…" }] },
      ...(draft().checked?.reasons ?? []),
    ],
    guarantee: "Exactly once: every row carries an idempotency key, and a check on 2025-11-20 showed that this target obeys it.",
    forecast: { calls_at_least: 800, calls: 1600, daily_limit: 250_000, left_today: 212_000, renews_at: null, seconds: 160, days: 1,
      message: "About 800 to 1,600 calls; 212,000 of today's 250,000 are left: it fits; at 10 a second about 2.7 min." },
    would_stop: stops() ? ["23 % of the rows are bad, more than the 20 % that an import may have: it would ask a person first."] : [],
    plan: { hash, counts: planned, fields: { phone: 2 * fifth, last_name: fifth, email: 311 }, examples: [], requests: 1600,
      reasons: [{ action: "refuse", code: "missing_required", rows: planned.refuse, lines: [6, 11] }] },
    bad_rows: stops() ? { bad: 22_601, rows: ROWS, share: 0.23 } : null,
    certificate: null,
    files: scene.has("cleared") ? { report: true } : { rejects: true, report: true, plan: true },
    parked: scene.has("parked") ? { rows: 1200, resume_at: "2025-11-30T00:05:00+00:00" } : null,
  };
}

function certificate(all: boolean) {
  const read = all ? 58_000 : 1000;
  return {
    eligible: 58_000, read, identical: read - 14, altered: 12, missing: 2, not_known: 0,
    alterations: [{ field: "phone", kind: "normalised", rows: 12, examples: [{ line: 12, sent: "+1202…", there: "(202)…" }] }],
    not_shown: ["note"], missing_lines: [88, 90], message: `${read} of 58,000 rows were read back: 12 are written otherwise, 2 are not there.`,
  };
}

const nothing = { message: "", code: "", percent: null, rows_done: 0, rows_total: 0, outcomes: {}, started_at: "", seconds: 0, result: null, approval: null };

function status(): Status {
  const now = Date.now();
  if (verify) {
    const over = now - verify.began > 1500;
    const result = { ...summary("apply"), certificate: over ? certificate(verify.all) : null };
    return { ...nothing, draft: draft(), kind: "verify", state: over ? "succeeded" : "running", result: over ? result : null };
  }
  if (apply) {
    const total = counts().valid;
    const until = apply.canceled || now;
    const done = Math.min(total, Math.floor(((until - apply.began) / 1000) * SPEED));
    const part = (share: number) => Math.floor(done * share);
    const outcomes = { created: part(0.2), updated: part(0.4), unchanged: part(0.2), rejected: part(0.2) };
    const seconds = (until - apply.began) / 1000;
    const shared = { ...nothing, draft: draft(), kind: "apply" as const, rows_done: done, rows_total: total, outcomes, seconds, started_at: new Date(apply.began).toISOString() };
    if (apply.canceled) return { ...shared, state: "canceled", message: "Canceled by grace. What was sent stays in the target.", result: summary("apply") };
    if (apply.approval) return { ...shared, state: "waiting", rows_done: 0, outcomes: {}, approval: { page: "/approve/job" } };
    if (scene.has("fails")) return { ...shared, state: "failed", rows_done: 0, outcomes: {}, code: "plan_outdated", message: "The target has changed since the plan was made: rows were added, changed or removed there. Nothing was sent. Make a new plan with a dry run, look at it, and apply that one." };
    return done >= total ? { ...shared, state: "succeeded", result: summary("apply") } : { ...shared, state: "running", percent: (100 * done) / total };
  }
  if (plan) {
    const over = now - plan.began > 1500;
    const result = over ? summary("plan") : null;
    return { ...nothing, draft: draft(), kind: "plan", state: over ? "succeeded" : "running", percent: over ? 100 : 40, result };
  }
  return { ...nothing, draft: draft(), kind: scene.has("unchecked") ? "" : "check", state: scene.has("unchecked") ? "none" : "succeeded" };
}

/** More than one screen of a phone, each kind in each state. */
function listRuns() {
  const run = (n: number, kind: ListedRun["kind"], state: ListedRun["state"], counts: Record<string, number>, message = ""): ListedRun => ({
    kind, job: `run-${n}`, by: "grace", at: `2025-11-29T10:0${n}:00+00:00`, state, message, code: "", seconds: 12 * n, counts: { rows: ROWS, ...counts },
    files: state === "canceled" ? [] : ["report"],
  });
  const runs = [
    run(5, "apply", "succeeded", { created: 19_753, updated: 39_494, unchanged: 19_753, rejected: 19_753 }),
    run(4, "plan", "succeeded", { would_create: 19_753, would_update: 39_506, invalid: 927 }),
    run(3, "apply", "failed", {}, "The target has changed since the plan was made: rows were added there. Nothing was sent."),
    run(2, "plan", "canceled", {}, "Another plan was asked for before this one was there."),
  ];
  return { total: 54, runs };
}

function file(what: string, offset: number) {
  const text = offset ? "third,line\r\n" : "first,line\r\nsecond,line\r\n";
  return { filename: `customers-november-${what}.csv`, content_type: "text/csv", data: btoa(text), next: offset ? null : 1, size: 36 };
}

/** The runnables by name, each with the arguments of a call. */
export const importing: Record<string, (args: any) => unknown> = {
  check_draft: () => {
    outdated = false;
    scene.delete("unchecked");
    version += 1;
    return draft();
  },
  list_rows: listRows,
  correct_rows: correctRows,
  exclude_rows: excludeRows,
  look_at: ({ changes }) => {
    share = changes?.max_bad_share ?? share;
    version += 1;
    return { draft: draft() };
  },
  plan_draft: () => {
    plan = { began: Date.now() };
    version += 1;
    return draft();
  },
  draft_status: status,
  list_plan: listPlan,
  apply_draft: ({ approval = false }) => {
    if (scene.has("second")) return { draft: draft(), started: false, by: "alan", at: "2025-11-29T10:04:00+00:00" };
    if (scene.has("changed")) refuse("The corrections were changed since this plan was made. Make a new plan, look at it, and apply that one.", "plan_outdated");
    apply = { began: Date.now(), approval, canceled: 0 };
    version += 1;
    return { draft: draft(), started: true, by: "grace", at: "2025-11-29T10:05:00+00:00" };
  },
  list_runs: listRuns,
  cancel_draft: () => {
    if (apply) apply.canceled = Date.now();
    return status();
  },
  verify_draft: ({ rows }) => {
    verify = { began: Date.now(), all: rows === "all" };
    version += 1;
    return draft();
  },
  get_file: ({ what, offset = 0 }) => file(what, offset),
  start_draft: () => ({ draft: draft(), part_bytes: 1_000_000, max_bytes: 2_000_000_000 }),
};
