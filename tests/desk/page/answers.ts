// What the scripts of the desk answer, for a file that is made up. Only as much as the page's tests look at.
import type { Draft, ListedDraft, Look, PreviewColumn, Settings, Started, Status } from "../../../f/customers/import_desk__raw_app/types";

const TITLES = ["Customer No", "Name", "E-Mail", "Email 2", "Phone", "Company", "Street", "Zip", "Town", "Country", "VIP", ""];
const GUESSED = ["external_id", "name", "custom: E-Mail", "custom: Email 2", "phone", "company", "street", "postal_code", "city", "country", "custom: VIP", "custom: column_12"];
const REASONS: Record<number, string> = { 3: "its cells look like email, as those of column 4 do", 4: "its cells look like email, as those of column 3 do", 11: "no field has this name", 12: "no field has this name" };
const FIELDS = ["name", "first_name", "last_name", "email", "phone", "company", "job_title", "website", "street", "city", "state", "postal_code", "country", "external_id", "notes"];

const rowsOf = (count: number): string[][] =>
  Array.from({ length: count }, (_, at) => {
    const n = at + 1;
    return [
      String(1000 + n), `Customer ${n} Example`, at % 7 === 3 ? "no address" : `customer${n}@example.com`, at % 3 ? "" : `second${n}@example.com`,
      `+1202555${String(n).padStart(4, "0")}`, n === 2 ? "<img src=x onerror=alert(1)> & Co" : `Example ${n} Ltd`, `${n} Example Street`,
      String(10000 + n), "Exampleton", n % 2 ? "US" : "GB", n % 5 ? "no" : "yes", "",
    ];
  });
const ROWS = rowsOf(50);

const settings = (): Settings => ({
  encoding: "", delimiter: "", has_header: null, header_row: null, sheet: "", mapping: {}, default_country: "",
  target: "f/customers/mock_api", on_duplicate: "skip", max_bad_share: 0.2,
});

const drafts = new Map<string, Draft>();
const parts = new Map<string, Map<number, number>>(); // bytes of each part by its index

export function newDraft(name: string, size: number, whole: boolean): Draft {
  const id = `20261129-1200${String(drafts.size).padStart(2, "0")}-0badcafe`;
  const draft: Draft = {
    id, version: 1, created_at: "2026-11-29T12:00:00+00:00", created_by: "ada@example.com", name,
    file: whole ? { s3: `desk/${id}/${name}`, name, size } : null, settings: settings(), corrections: {}, checked: null,
    plan_hash: "", plan_digest: "", runs: {}, import_id: "",
  };
  drafts.set(id, draft);
  return draft;
}

function fail(message: string, code: string, name = "FixInput"): never {
  throw { name, message, code };
}

function get(id: string): Draft {
  return drafts.get(id) ?? fail(`There is no import ${id} at the desk: it was deleted, or the link is cut short. Choose one from the list, or begin anew.`, "no_draft");
}

function columns(mapping: Record<string, string>): PreviewColumn[] {
  const taken = new Set(Object.values(mapping));
  return TITLES.map((header, at) => {
    const number = at + 1;
    const chosen = mapping[header || `(column ${number})`];
    const guess = GUESSED[at]!;
    const field = chosen ?? (taken.has(guess) ? `custom: ${header}` : guess);
    return {
      number, header, field, how: chosen === undefined ? "name" : "mapping",
      reason: chosen === undefined ? (REASONS[number] ?? "its title means it") : "the mapping says so",
      samples: ROWS.slice(0, 5).map((cells) => cells[at]!),
    };
  });
}

const PARTS = [
  { name: "customers.csv", size: 48_200 },
  { name: "archive/customers_of_the_years_before_2026_as_they_were_exported_by_the_shop.csv", size: 2_400_000_000 },
  { name: "readme.md", size: 310 },
];

function look(draft: Draft): Look {
  const isZip = draft.name.endsWith("export.zip");
  const seen = lookAtTable(draft, isZip ? PARTS : []);
  if (!isZip || draft.settings.sheet) return seen;
  return { ...seen, preview: null, rows: [], lines: [], header: [] };
}

function lookAtTable(draft: Draft, parts: Look["parts"]): Look {
  const known = columns(draft.settings.mapping);
  const none = draft.settings.has_header === false;
  const asked = known.some((column) => column.field === "email");
  return {
    draft,
    preview: {
      source: draft.name,
      table: {
        ...(parts.length ? { container: "zip", part: draft.settings.sheet } : {}),
        encoding: draft.settings.encoding || "windows-1252", bom: "False", delimiter: draft.settings.delimiter || ";", quote: "doubled",
        newline: "\r\n", has_header: none ? "False" : "True", header_row: none ? "None" : String(draft.settings.header_row ?? 1), skipped_lines: "0",
      },
      notes: [{ code: "other_columns", line: 17, text: "A row has more cells than the header; what is too much is left out.", rows: 3 }],
      columns: known,
      questions: asked ? [] : [{
        code: "two_columns_for_one_field", field: "email", columns: [3, 4],
        sentence: "In the header, column 3 ('E-Mail') and column 4 ('Email 2') both mean 'email'.",
      }],
      rows: 50,
    },
    rows: ROWS, lines: ROWS.map((_, at) => at + (none ? 1 : 2)), header: none ? TITLES.map((_, at) => `column_${at + 1}`) : TITLES,
    fields: FIELDS.map((name) => ({ name, title: name[0]!.toUpperCase() + name.slice(1).replace("_", " "), required: name === "email" || name === "name", meaning: "" })),
    targets: [
      { path: "f/customers/mock_api", title: "Practice target", description: "", kind: "mock" },
      { path: "f/customers/crm", title: "CRM", description: "", kind: "hubspot" },
    ],
    mapping_from: draft.name.startsWith("again") ? "the import of 12 November 2026" : "",
    parts,
  };
}

const list = (): ListedDraft[] => {
  const known = [...drafts.values()].map((draft): ListedDraft => ({
    id: draft.id, name: draft.name, created_at: draft.created_at, created_by: draft.created_by,
    stage: draft.file ? "reading" : "uploading", counts: {}, import_id: "", rows: 0,
  }));
  const past = (n: number, name: string, stage: ListedDraft["stage"], rows: number, counts: Record<string, number>): ListedDraft => ({
    id: `20261128-09000${n}-0badcafe`, name, created_at: `2026-11-2${n}T09:00:00+00:00`, created_by: "grace@example.com", stage, counts, import_id: "i", rows,
  });
  return [
    ...known.reverse(),
    past(8, "newsletter-november.csv", "applying", 12_400, { created: 4100 }),
    past(7, "partners_with_a_very_long_name_that_goes_on_and_on_2026-11-27_final_v2.xlsx", "done", 1040, { created: 989, duplicate: 7, invalid: 44 }),
    past(6, "shop-customers.zip", "failed", 90_000, { created: 12, failed: 300 }),
    past(5, "fair.csv", "waiting", 310, {}),
  ];
};

const status = (draft: Draft): Status => ({
  draft, kind: "", state: "none", message: "", code: "", percent: null, rows_done: 0, rows_total: 0, outcomes: {}, started_at: "",
  seconds: 0, result: null, approval: null,
});

const started = (draft: Draft): Started => ({ draft, part_bytes: 1_000_000, max_bytes: 2_000_000_000 });

/** The script's answer by its name. */
export const handlers: Record<string, (args: any) => unknown> = {
  list_drafts: () => ({ drafts: list(), more: false }),
  start_draft({ name, size, data, file, url }) {
    if (size > 2_000_000_000) fail(`${name} has ${size} bytes, more than the 2,000,000,000 that the desk takes. Split it.`, "too_large");
    if (size === 0 && !file && !url) fail(`${name} is empty: it has 0 bytes. Export it again.`, "empty_file");
    return started(newDraft(name, size, Boolean(data || file || url)));
  },
  keep_part({ draft, index, data }) {
    const kept = parts.get(draft) ?? new Map<number, number>();
    parts.set(draft, kept.set(index, atob(data).length));
    return { received: kept.size };
  },
  finish_upload({ draft: id, parts: count, size }) {
    const draft = get(id);
    for (let index = 0; index < count; index += 1) {
      if (!parts.get(id)?.has(index)) fail(`Part ${index} of ${count} has not arrived. Send the file again.`, "missing_part");
    }
    const arrived = [...parts.get(id)!.values()].reduce((sum, bytes) => sum + bytes, 0);
    if (arrived !== size) fail(`Of the file's ${size} bytes ${arrived} have arrived.`, "incomplete_upload");
    draft.version += 1;
    draft.file = { s3: `desk/${id}/file`, name: draft.name, size };
    return started(draft);
  },
  look_at({ draft: id, version, changes }) {
    const draft = get(id);
    if (!changes) return look(draft);
    if (version !== draft.version) fail("This import was changed in another window or by somebody else since you saw it. Look at it as it is now, and do it again if it is still right.", "draft_changed");
    if (changes.encoding === "utf-16") fail("The file is not in utf-16: its bytes make no text. Choose another encoding.", "not_a_table");
    drafts.set(id, { ...draft, version: draft.version + 1, settings: { ...draft.settings, ...changes } });
    return look(get(id));
  },
  check_draft({ draft: id }) {
    const draft = get(id);
    draft.version += 1;
    draft.checked = { digest: "d", s3: "desk/x", counts: { rows: 1040, valid: 989, invalid: 44, duplicate: 7 }, reasons: [], header: TITLES, repairs: 2 };
    return draft;
  },
  draft_status: ({ draft }) => status(get(draft)),
  drop_draft({ draft }) {
    drafts.delete(draft);
    return { dropped: true };
  },
};
