// A person at the second half of the desk, in a Chromium: mends rows, sees the plan, applies it, looks at the
// import and its report. Prints what was seen, as JSON. SCENARIO says which of it.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const { BROWSER, ADDRESS, SCENARIO, SCHEME = 'light', WIDTH = '1280', SHOTS } = process.env;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const browser = await chromium.launch({ executablePath: BROWSER, headless: true, args: ['--no-sandbox', '--disable-gpu'] });
const complaints = [];

async function open(query, step) {
  const context = await browser.newContext({ colorScheme: SCHEME, viewport: { width: Number(WIDTH), height: 860 }, acceptDownloads: true });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000); // what is waited for comes in a moment, on a machine that is not busy
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(`${ADDRESS}?importing&${query}#/draft/20251129-100000-0badcafe/${step}`);
  await page.locator('h1').waitFor();
  return page;
}

// The policy keeps a script from being added to the page; the debugger may run it.
async function violations(page) {
  await page.evaluate(axe);
  const { violations: found } = await page.evaluate(() => globalThis.axe.run(document));
  return found.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)}`);
}

async function shot(page, name) {
  if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name}-${SCHEME}-${WIDTH}.png` });
}

const cell = (page, row, column) => page.locator(`[data-row="${row}"][data-column="${column}"]`);
const focused = (page) =>
  page.evaluate(() => {
    const { dataset, tagName } = document.activeElement;
    return dataset.row === undefined ? tagName : `${dataset.row} ${dataset.column}`;
  });
const calls = (page, name) => page.evaluate((wanted) => globalThis.desk.calls.filter(([one]) => one === wanted).map(([, args]) => args), name);
const saved = (page) => page.getByText('All changes are saved.').waitFor();

const scenarios = {
  // Email is column 5 of the table, phone column 6; rows 0 to 3 have each another problem.
  async keyboard() {
    const page = await open('', 'rows');
    await cell(page, 0, 5).waitFor();
    const seen = {};
    await page.getByRole('textbox', { name: 'Search' }).focus();
    await page.keyboard.press('Tab');
    seen.entered = await focused(page);
    await page.keyboard.press('Enter');
    await page.keyboard.type('thrown away');
    await page.keyboard.press('Escape');
    seen.discarded = await cell(page, 0, 5).innerText();
    await page.keyboard.press('F2');
    await page.keyboard.press('Control+a');
    await page.keyboard.type('dennis@example.com');
    await page.keyboard.press('Enter');
    seen.down = await focused(page);
    await page.keyboard.type('frances@example.com');
    await page.keyboard.press('Tab');
    seen.beside = await focused(page);
    await saved(page);
    seen.verdicts = [await cell(page, 0, 0).innerText(), await cell(page, 1, 1).innerText()];
    await page.keyboard.press('F8');
    seen.problem = await focused(page);
    await page.keyboard.press(' ');
    seen.onward = await focused(page);
    await saved(page);
    seen.accepted = await cell(page, 2, 6).innerText();
    await page.keyboard.press('Control+z');
    await page.waitForFunction(() => globalThis.desk.calls.some(([name, args]) => name === 'correct_rows' && args.undo));
    await saved(page);
    seen.undone = [await focused(page), (await cell(page, 2, 6).innerText()).split('.')[0].trim()];
    await page.keyboard.press('Delete');
    await page.getByText('You left this row out.').waitFor();
    await page.keyboard.press('Control+End');
    seen.end = await focused(page);
    await page.keyboard.press('Control+Home');
    seen.home = await focused(page);
    await page.keyboard.press('Tab');
    seen.left = (await focused(page)) === 'BUTTON';
    seen.stops = await page.locator('[role=grid] [tabindex="0"]').count();
    seen.sent = (await calls(page, 'correct_rows')).map(({ version, cells, exclude, undo }) => ({ version, cells, exclude, undo }));
    seen.axe = await violations(page);
    return seen;
  },

  async alike() {
    const page = await open('', 'rows');
    await cell(page, 1, 5).click();
    await page.keyboard.press('Shift+Space');
    const field = page.locator('dialog input');
    await field.fill('none@example.com');
    const axeOfDialog = await violations(page);
    await page.getByRole('button', { name: 'Change all', exact: true }).click();
    await page.getByText('Check them again before you make the plan.').waitFor();
    await page.waitForFunction(() => globalThis.desk.calls.some(([name]) => name === 'correct_rows'));
    const [sent] = await calls(page, 'correct_rows');
    return { sent: sent.alike, back: await focused(page), axe: axeOfDialog };
  },

  async together() {
    const page = await open('', 'rows');
    await cell(page, 0, 5).waitFor();
    await page.getByRole('combobox', { name: 'Reason' }).selectOption('invalid_email');
    const leave = page.getByRole('button', { name: 'Leave all of these out' });
    await leave.click();
    const yes = page.getByRole('button', { name: /^Leave out [0-9]+ rows$/ });
    await yes.waitFor();
    const seen = { asked: await page.locator('dialog p').innerText(), dialogAxe: await violations(page) };
    await shot(page, 'leaving');
    await yes.click();
    const notice = page.getByText(/rows left out: The email address/);
    await notice.waitFor();
    await cell(page, 0, 0).locator('.mark.is-excluded').waitFor();
    seen.out = await cell(page, 0, 0).innerText();
    await shot(page, 'left-out');
    seen.axe = await violations(page);
    await page.getByRole('button', { name: 'Undo' }).click();
    await notice.waitFor({ state: 'detached' });
    await leave.click();
    await yes.click();
    await page.getByRole('button', { name: 'Take them in again' }).click();
    await notice.waitFor({ state: 'detached' });
    seen.undoable = await page.getByRole('button', { name: 'Undo' }).isEnabled();
    seen.sent = (await calls(page, 'exclude_rows')).filter(({ dry_run }) => !dry_run).map(({ reason, undo, version }) => [reason ?? undo, version]);
    return seen;
  },

  async long() {
    const page = await open('rows=1000000', 'rows');
    await cell(page, 0, 5).waitFor();
    await page.getByRole('radio', { name: /^All/ }).focus();
    await page.keyboard.press('Space');
    await page.waitForFunction(() => document.querySelector('[role=grid]').ariaRowCount === '1000001');
    const drawn = [];
    for (let at = 1; at <= 40; at += 1) {
      await page.locator('.grid').evaluate((grid, share) => { grid.scrollTop = grid.scrollHeight * share; }, ((at * 17) % 40) / 40);
      await page.waitForTimeout(30);
      drawn.push(await page.locator('.grid-body [role=row]').count());
    }
    await page.locator('.grid').evaluate((grid) => { grid.scrollTop = grid.scrollHeight; });
    await page.locator('[aria-rowindex="1000001"] .grid-line').waitFor();
    const last = await page.locator('[aria-rowindex="1000001"] .number').innerText();
    const shifts = await page.evaluate(() => new Promise((done) => {
      new PerformanceObserver((list) => done(list.getEntries().reduce((sum, one) => sum + one.value, 0))).observe({ type: 'layout-shift', buffered: true });
      setTimeout(() => done(0), 300);
    }));
    return { most: Math.max(...drawn), last, asked: (await calls(page, 'list_rows')).length, shifts };
  },

  async conflict() {
    const page = await open('', 'rows');
    await cell(page, 1, 5).click();
    await page.evaluate(() => { globalThis.desk.fails.correct_rows = { name: 'FixInput', code: 'draft_changed', message: 'This import was changed in another window.' }; });
    await page.keyboard.type('frances@example.com');
    await page.keyboard.press('Enter');
    await page.locator('.notice-title', { hasText: 'A change is not saved.' }).waitFor();
    const kept = await cell(page, 1, 5).innerText();
    const axeOfNotice = await violations(page);
    await page.getByRole('button', { name: 'add my changes' }).click();
    await saved(page);
    return { kept, now: (await cell(page, 1, 5).innerText()).split('.')[0], sent: (await calls(page, 'correct_rows')).length, axe: axeOfNotice };
  },

  async apply() {
    const page = await open('speed=60000', 'rows');
    await cell(page, 0, 5).waitFor();
    await page.getByRole('button', { name: 'Go on to the plan' }).click();
    await page.getByRole('button', { name: 'Apply this plan' }).waitFor();
    await page.locator('.tile').first().waitFor();
    await page.getByRole('radio', { name: /^Update/ }).focus();
    await page.keyboard.press('Space');
    await page.locator('[aria-rowindex="2"] .badge', { hasText: 'Update' }).waitFor();
    const seen = { planAxe: await violations(page), changes: await page.locator('.changes tbody tr').allInnerTexts() };
    await page.getByRole('button', { name: 'Apply this plan' }).click();
    seen.asked = await page.locator('dialog strong').innerText();
    seen.before = (await calls(page, 'apply_draft')).length;
    seen.dialogAxe = await violations(page);
    await page.getByRole('button', { name: /^Apply: send/ }).click();
    await page.getByText('Rows are being sent.').waitFor();
    seen.progressAxe = await violations(page);
    await page.getByRole('heading', { name: /were brought in/ }).waitFor();
    seen.verdict = await page.locator('h1').innerText();
    seen.applied = await calls(page, 'apply_draft');
    seen.reportAxe = await violations(page);
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Rejected rows (CSV)' }).click()]);
    seen.file = [download.suggestedFilename(), readFileSync(await download.path(), 'utf8')];
    await page.getByRole('button', { name: 'Read back a sample' }).click();
    await page.getByText('Written otherwise', { exact: true }).waitFor();
    seen.certificate = await page.getByText('1000 of 58,000 rows were read back').innerText();
    seen.certificateAxe = await violations(page);
    await page.getByRole('button', { name: 'Mend the rejected rows here' }).click();
    await page.waitForFunction(() => globalThis.desk.calls.some(([name, args]) => name === 'start_draft' && args.rejects_of));
    return seen;
  },

  async refused() {
    const page = await open('planned&changed', 'plan');
    await page.getByRole('button', { name: 'Apply this plan' }).click();
    await page.getByRole('button', { name: /^Apply: send/ }).click();
    const said = await page.locator('dialog [role=alert]').innerText();
    return { said, address: await page.evaluate(() => location.hash), axe: await violations(page) };
  },

  async stops() {
    const page = await open('planned&stops', 'plan');
    await page.getByText('This stands in the way').waitFor();
    await page.locator('.tile').first().waitFor();
    const seen = { ways: await page.locator('.notice .button, .foot .button').allInnerTexts() };
    await shot(page, 'stops');
    seen.axe = await violations(page);
    await page.getByRole('button', { name: 'Allow 23 % bad rows, and plan again' }).click();
    await page.getByRole('button', { name: 'Send for approval' }).click();
    seen.asked = await page.locator('dialog').innerText();
    await shot(page, 'allowed');
    seen.sent = await page.evaluate(() => globalThis.desk.calls.filter(([name]) => /^(look_at|plan_draft)$/.test(name)));
    return seen;
  },

  async runs() {
    const page = await open('applied=done&cleared', 'plan');
    const seen = { rows: await page.locator('.runs > li').allInnerTexts() };
    seen.address = await page.evaluate(() => location.hash);
    seen.open = await page.locator('nav a[href]').allInnerTexts();
    await shot(page, 'runs-top');
    await page.getByText('All runs of this import').scrollIntoViewIfNeeded();
    await page.getByText('There are 50 older ones.').scrollIntoViewIfNeeded();
    await shot(page, 'runs');
    seen.axe = await violations(page);
    seen.wide = await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
    await page.locator('.runs > li', { hasText: 'The target has changed' }).getByRole('button').click();
    await page.waitForFunction(() => globalThis.desk.calls.some(([name]) => name === 'get_file'));
    seen.asked = (await calls(page, 'get_file'))[0];
    seen.others = await page.getByRole('button', { name: /The file as it came|Read back|Rejected rows|Mend/ }).count();
    return seen;
  },

  async cancel() {
    const page = await open('applied=now&speed=50', 'progress');
    await page.getByText('Rows are being sent.').waitFor();
    await page.reload();
    await page.getByText('Rows are being sent.').waitFor();
    await page.getByRole('button', { name: 'Cancel the import' }).click();
    await page.locator('dialog').getByRole('button', { name: 'Cancel the import' }).click();
    await page.waitForURL(/report$/);
    await page.getByText('Canceled by grace. What was sent stays in the target.').waitFor();
    return { address: await page.evaluate(() => location.hash), axe: await violations(page) };
  },

  async approval() {
    const page = await open('applied=now&approval', 'progress');
    const link = page.getByRole('link', { name: 'Open the page of the approval' });
    await link.waitFor();
    return { link: await link.getAttribute('href'), axe: await violations(page) };
  },

  // Each step in one look: fits the width, and axe has nothing to say.
  async looks() {
    const seen = {};
    const steps = [['', 'rows'], ['planned', 'plan'], ['applied=now&speed=50', 'progress'], ['applied=done&parked', 'report']];
    for (const [query, step] of steps) {
      const page = await open(query, step);
      await page.locator('.grid-body, .outcomes').first().waitFor();
      seen[step] = { axe: await violations(page), wide: await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth) };
      await page.close();
    }
    return seen;
  },
};

try {
  const seen = await scenarios[SCENARIO]();
  console.log(JSON.stringify({ ...seen, complaints }));
} finally {
  await browser.close();
}
