// The steps of a person who walks through the import desk, from the file to the report. The script of a walk puts
// them in a row, and looks around between them.
import { axe, shot } from '../browser.mjs';

const LONG = 90_000; // ms that a busy machine may take over a check, a plan or an import

export const button = (page, name) => page.getByRole('button', { name, exact: true });
export const cell = (page, row, column) => page.locator(`[data-row="${row}"][data-column="${column}"]`);
export const field = (page, name) => page.getByLabel(name, { exact: true });
export const heading = (page) => page.locator('h1').innerText();
/** The line below the heading. */
export const lead = (page) => page.locator('h1 + p').innerText();
/** Resolves with what a list of choices has as chosen. */
export const chosen = (page, name) => field(page, name).evaluate((one) => one.selectedOptions[0].text);

/** Waits until a draft shows a step. */
export const at = (page, step) => page.waitForURL(new RegExp(`#/draft/[\\w-]+/${step}$`), { timeout: LONG });

/** Resolves with what axe finds on the page, and whether it is wider than its window; keeps a picture of it. */
export async function look(page, name) {
  await shot(page, name);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  return [...(await axe(page)), ...(wide ? ['too wide'] : [])];
}

/** Hands over a file: a path, or {name, mimeType, buffer}. */
export const give = (page, file) => page.locator('input[type=file]').setInputFiles(file);

/** Chooses a file, and waits until it is read. */
export async function choose(page, file) {
  await give(page, file);
  await at(page, 'reading');
  await page.locator('.rows-as-read tbody tr').first().waitFor();
}

/** Has the import write to a target. */
export async function aim(page, target) {
  await field(page, 'Target').selectOption(target);
  await page.locator('.rows-as-read [aria-busy]').waitFor({ state: 'detached' });
}

export async function toColumns(page) {
  await button(page, 'Continue to the columns').click();
  await at(page, 'columns');
  await page.locator('li.column').first().waitFor();
}

export async function toRows(page) {
  await button(page, 'Check all rows').click();
  await at(page, 'rows');
  await cell(page, 0, 0).waitFor({ timeout: LONG });
}

/** Goes from a file to its rows. */
export async function begin(page, file, target) {
  await choose(page, file);
  if (target) await aim(page, target);
  await toColumns(page);
  await toRows(page);
}

/** Shows the rows of one reason alone. */
export async function only(page, reason) {
  const option = field(page, 'Reason').locator('option', { hasText: reason });
  const rows = figure(await option.innerText());
  await field(page, 'Reason').selectOption(await option.getAttribute('value'));
  await page.locator(`.grid[aria-rowcount="${rows + 1}"]`).waitFor();
}

/** Writes another text into a cell, by the keyboard alone, and waits for nothing. */
export async function mend(page, text) {
  await page.keyboard.press('F2');
  await page.keyboard.press('Control+a');
  await page.keyboard.type(text);
  await page.keyboard.press('Enter');
}

/** Waits until the server has what was changed of the rows. */
export const saved = (page) => page.getByText('All changes are saved.').waitFor();

export async function toPlan(page) {
  await button(page, 'Go on to the plan').click();
  await planned(page);
}

/** Waits for a plan that can be applied. */
export async function planned(page) {
  await at(page, 'plan');
  await button(page, 'Apply this plan').waitFor({ timeout: LONG });
  await cell(page, 0, 0).waitFor();
}

/** Waits for what keeps a plan from being applied, and resolves with it. */
export async function stopped(page) {
  await at(page, 'plan');
  await page.getByText('This stands in the way').waitFor({ timeout: LONG });
  return page.locator('.notice.bad').innerText();
}

/** Resolves with the rows by what would become of them, such as {Create: 3}. */
export const tiles = (page) => figures(page, '.tile', 'dt', '.tile-number');

/** Applies the plan; the import has begun when this resolves. */
export async function apply(page) {
  await button(page, 'Apply this plan').click();
  await page.getByRole('button', { name: /^Apply: send/ }).click();
  await at(page, '(progress|report)');
}

/** Waits until rows are known to be in the target, while the import runs. */
export const underWay = (page) => page.locator('tr:not(.is-none) .swatch.is-created').waitFor({ timeout: LONG });

export async function toReport(page) {
  await at(page, 'report');
  await button(page, 'All imports').waitFor();
}

/** Makes a new plan out of the report of an import that did not come to its end. */
export async function again(page) {
  await button(page, 'Make a new plan').click();
  await planned(page);
}

/** Resolves with the rows by outcome, as the import and the report show them: {Created: 3}. */
export const outcomes = (page) => figures(page, 'table.outcomes tr:not(.is-none):has(td)', '.outcome-name, tfoot th', 'td');

const figure = (text) => Number(text.trim().split(/\s/)[0].replaceAll(',', ''));

async function figures(page, each, name, count) {
  const found = await page.locator(each).evaluateAll(
    (all, [names, counts]) => all.map((one) => [names, counts].map((part) => one.querySelector(part)?.innerText ?? '')),
    [name, count],
  );
  return Object.fromEntries(found.map(([what, rows]) => [what.trim(), figure(rows)]));
}
