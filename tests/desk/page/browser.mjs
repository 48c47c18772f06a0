// A person at the page in a Chromium, with what stands in for the server: prints what was seen, as JSON.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const { BROWSER, SCENE, SCHEME = 'light', WIDTH = '1280', SHOTS } = process.env;
const here = path.dirname(fileURLToPath(import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const CSV = { name: 'customers.csv', mimeType: 'text/csv', buffer: Buffer.from('Name;E-Mail\nAda Example;ada@example.com\n') };
const large = (size) => ({ name: 'large.csv', mimeType: 'text/csv', buffer: Buffer.alloc(size, 'Ada Example;ada@example.com\n') });
// What is not packed, so that it takes many parts.
const noise = (size) => ({ name: 'noise.zip', mimeType: '', buffer: Buffer.alloc(size, 'Ada Example') });

const seen = { complaints: [], axe: {}, wide: {} };

async function looksRight(page, name) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  seen.axe[name] = violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
  seen.wide[name] = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name}-${SCHEME}-${WIDTH}.png` });
}

const calls = (page, name) => page.evaluate((wanted) => window.desk.calls.filter(([one]) => one === wanted).map(([, args]) => args), name);
const choose = (page, file) => page.locator('input[type=file]').setInputFiles(file);
const toReading = async (page) => {
  await choose(page, CSV);
  await page.getByText('Customer 3 Example').first().waitFor();
};
const toColumns = async (page) => {
  await toReading(page);
  await page.getByRole('button', { name: 'Continue to the columns' }).click();
  await page.getByText('More than one column').waitFor();
};

const SCENES = {
  // From the list to the columns, with a look at each step.
  async looks(page) {
    await looksRight(page, 'start');
    await page.getByRole('button', { name: 'Delete newsletter-november.csv' }).click();
    await looksRight(page, 'dialog');
    await page.keyboard.press('Escape');
    await toReading(page);
    await looksRight(page, 'reading');
    await page.getByLabel('Encoding').selectOption('utf-16');
    await page.getByText('its bytes make no text').waitFor();
    await looksRight(page, 'refused');
    seen.encoding = await page.getByLabel('Encoding').inputValue();
    await page.getByRole('button', { name: 'Continue to the columns' }).click();
    await page.getByText('More than one column').waitFor();
    await looksRight(page, 'columns');
    await page.getByLabel('Field for Company').selectOption('name');
    await page.getByText('Name is column 2 already').waitFor();
    await looksRight(page, 'clash');
    seen.images = await page.locator('#root img').count();
    seen.markup = await page.getByText('<img src=x onerror=alert(1)> & Co').count();
  },

  async changes(page) {
    await toReading(page);
    await page.getByLabel('Encoding').selectOption('windows-1250');
    await page.getByLabel('Columns are separated by').selectOption('|');
    await page.getByLabel('Line of the names').fill('3');
    await page.getByLabel('Line of the names').press('Enter');
    await page.waitForFunction(() => window.desk.calls.filter(([name]) => name === 'look_at').length >= 3);
    await page.locator('.rows-as-read [aria-busy]').waitFor({ state: 'detached' });
    seen.looks = await calls(page, 'look_at');
    seen.shown = [await page.getByLabel('Encoding').inputValue(), await page.getByLabel('Columns are separated by').inputValue(), await page.getByLabel('Line of the names').inputValue()];
    await page.getByLabel('Names of the columns', { exact: true }).selectOption('false');
    await page.getByText('column_3').first().waitFor();
    // Somebody else is faster.
    await page.evaluate(() => { window.desk.fails.look_at = { name: 'FixInput', message: 'This import was changed in another window.', code: 'draft_changed' }; });
    await page.getByLabel('Country of phone numbers').fill('us');
    await page.getByLabel('Country of phone numbers').press('Enter');
    await page.getByText('changed in another window').waitFor();
  },

  async zip(page) {
    await choose(page, { name: 'export.zip', mimeType: 'application/zip', buffer: Buffer.from('PK') });
    await page.getByRole('heading', { name: 'This zip holds 3 files: choose the one to import.' }).waitFor();
    await looksRight(page, 'zip');
    seen.offered = await page.locator('.runs > li').allInnerTexts();
    seen.locked = await page.getByRole('button', { name: 'Continue to the columns' }).isDisabled();
    await page.getByRole('link', { name: 'Columns' }).click(); // and back, as there is nothing to see
    await page.getByRole('button', { name: 'Choose readme.md' }).click();
    await page.getByText('Customer 3 Example').first().waitFor();
    seen.looks = await calls(page, 'look_at');
    const chosen = page.getByLabel('Sheet or file inside');
    seen.chosen = [await chosen.inputValue(), await chosen.locator('option').last().innerText()];
  },

  async columns(page) {
    await toColumns(page);
    seen.locked = await page.getByRole('button', { name: 'Check all rows' }).isDisabled();
    await page.getByRole('button', { name: 'Column 3: E-Mail' }).click();
    await page.getByText('More than one column').waitFor({ state: 'detached' });
    await page.getByLabel('Field for Company').selectOption('city');
    await page.getByText('City is column 9 already').waitFor();
    seen.unchanged = await page.getByLabel('Field for Company').inputValue();
    await page.getByRole('button', { name: 'Take this one, and leave out column 9' }).click();
    await page.waitForFunction(() => document.querySelectorAll('.column.left-out').length === 1);
    seen.left = await page.locator('.column.left-out h3').innerText();
    await page.getByLabel('Field for Column 12').selectOption({ label: 'Custom field…' });
    await page.getByLabel('Name of the custom field').fill('Shoe size');
    await page.getByRole('button', { name: 'Use this name' }).click();
    await page.locator('li.chip', { hasText: 'Notes' }).dragTo(page.locator('li.column', { hasText: 'VIP' }));
    await page.waitForFunction(() => document.querySelectorAll('li.column')[10].querySelector('select').value === 'notes');
    seen.mapping = (await calls(page, 'look_at')).at(-1).changes.mapping;
    await page.getByRole('button', { name: 'Check all rows' }).click();
    await page.waitForFunction(() => location.hash.endsWith('/rows'));
    seen.checked = (await calls(page, 'check_draft')).length;
  },

  async keyboard(page) {
    page.on('filechooser', () => undefined); // from now on: to listen takes the browser a moment
    await page.keyboard.press('Tab');
    seen.first = await page.evaluate(() => document.activeElement.textContent);
    await page.keyboard.press('Enter');
    seen.main = await page.evaluate(() => document.activeElement.id);
    await page.keyboard.press('Tab');
    seen.chooser = await page.evaluate(() => document.activeElement.textContent);
    const chooser = page.waitForEvent('filechooser');
    await page.keyboard.press('Enter');
    await (await chooser).setFiles(CSV);
    await page.getByText('Customer 3 Example').first().waitFor();
    seen.heading = await page.getByRole('heading', { level: 1 }).innerText();
    await page.getByLabel('Encoding').focus();
    await page.keyboard.type('windows-1250');
    await page.waitForFunction(() => window.desk.calls.some(([name, args]) => name === 'look_at' && args.changes?.encoding === 'windows-1250'));
  },

  async parts(page) {
    await choose(page, large(3_500_000));
    await page.getByText('Customer 3 Example').first().waitFor();
    seen.begun = await calls(page, 'start_draft');
    seen.packed = (await calls(page, 'keep_part')).map(({ index, data }) => [index, data.length]);
    seen.finished = await calls(page, 'finish_upload');
  },

  async canceled(page) {
    // From the third part on, none is answered.
    await page.evaluate(() => {
      const keep = window.desk.answers.keep_part;
      window.desk.answers.keep_part = (args) => (args.index < 2 ? keep(args) : new Promise(() => undefined));
    });
    await choose(page, noise(8_000_000));
    await page.getByText('Sending noise.zip').waitFor();
    await page.getByText(/[1-9] MB of 8 MB/).waitFor();
    await looksRight(page, 'sending');
    seen.value = await page.locator('progress').evaluate((one) => one.value);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('What had arrived is deleted').first().waitFor();
    seen.dropped = await calls(page, 'drop_draft');
    seen.sent = (await calls(page, 'keep_part')).length;
  },

  async interrupted(page) {
    await page.evaluate(() => {
      const keep = window.desk.answers.keep_part;
      window.desk.answers.keep_part = (args) => {
        if (args.index === 4 && !window.failed) {
          window.failed = true;
          throw { name: 'TryLater', message: 'The storage is busy.', code: 'busy' };
        }
        return keep(args);
      };
    });
    await choose(page, noise(8_000_000));
    await page.getByText('The storage is busy.').waitFor();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Customer 3 Example').first().waitFor();
    seen.parts = (await calls(page, 'keep_part')).map(({ index }) => index).sort((one, other) => one - other);
    seen.drafts = (await calls(page, 'start_draft')).length;
  },

  async unfinished(page) {
    await page.evaluate(() => window.desk.answers.start_draft({ name: 'customers.csv', size: 5 }));
    await page.evaluate(() => { location.hash = '#/draft/20261129-120000-0badcafe'; });
    await page.getByText('did not finish').waitFor();
    await looksRight(page, 'unfinished');
    await choose(page, CSV);
    await page.getByText('Customer 3 Example').first().waitFor();
    seen.finished = await calls(page, 'finish_upload');
    seen.drafts = (await calls(page, 'start_draft')).length;
  },

  async refusals(page) {
    await choose(page, { ...CSV, buffer: Buffer.alloc(0) });
    await page.getByText('it has 0 bytes').waitFor();
    seen.empty = await page.getByRole('alert').innerText();
    await page.getByRole('button', { name: 'Back' }).click();
    await page.getByText('The file is elsewhere').click();
    await page.evaluate(() => { window.desk.fails.start_draft = { name: 'FixInput', message: 'Nothing is at this address.', code: 'gone' }; });
    await page.getByLabel('Address of the file').fill('https://example.com/a.csv');
    await page.getByRole('button', { name: 'Begin with this file' }).click();
    await page.getByText('Nothing is at this address.').waitFor();
    await page.evaluate(() => { location.hash = '#/draft/nothing'; });
    await page.getByText('There is no import nothing').waitFor();
    await page.getByRole('link', { name: 'All imports' }).click();
    await page.getByText('Drop a file here').waitFor();
  },

  async dropped(page) {
    const drop = (names) =>
      page.locator('.drop').evaluate((zone, all) => {
        const dataTransfer = new DataTransfer();
        for (const name of all) dataTransfer.items.add(new File(['Name;E-Mail\n'], name));
        zone.dispatchEvent(new DragEvent('dragover', { dataTransfer, bubbles: true, cancelable: true }));
        zone.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
      }, names);
    await drop(['one.csv', 'two.csv']);
    await page.getByText('none was taken').waitFor();
    seen.none = (await calls(page, 'start_draft')).length;
    await drop(['one.csv']);
    await page.getByText('Customer 3 Example').first().waitFor();
    seen.begun = (await calls(page, 'start_draft')).map(({ name, size, data }) => [name, size, atob(data)]);
  },

  async lost(page) {
    await toReading(page);
    await page.evaluate(() => { window.desk.lost = 2; });
    await page.getByRole('link', { name: 'All imports' }).click();
    await page.getByText('Trying again').waitFor();
    await page.getByText('newsletter-november.csv').waitFor();
    await page.getByText('Trying again').waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'customers.csv' }).click();
    await page.getByText('Customer 3 Example').first().waitFor();
    // A change is not made twice: where nobody knows whether it was made, it is looked at.
    const before = (await calls(page, 'look_at')).length;
    await page.evaluate(() => { window.desk.lost = 1; });
    await page.getByLabel('Encoding').selectOption('windows-1250');
    await page.getByText('nobody knows whether this was done').waitFor();
    seen.changes = (await calls(page, 'look_at')).slice(before).filter(({ changes }) => changes).length;
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.waitForFunction(() => document.querySelector('select').value === 'windows-1250');
    await page.evaluate(() => { window.desk.session = false; });
    await page.getByLabel('Encoding').selectOption('utf-8');
    await page.getByText('Your login has ended').first().waitFor();
    await looksRight(page, 'session');
  },

  async steady(page) {
    await toReading(page);
    await page.getByRole('button', { name: 'Continue to the columns' }).click();
    await page.getByText('More than one column').waitFor();
    seen.shift = await page.evaluate(() => window.shift);
  },
};

const serving = spawn(process.execPath, [path.join(here, 'serve.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] });
const address = await new Promise((go) => serving.stdout.once('data', (line) => go(String(line).trim())));
const browser = await chromium.launch({ executablePath: BROWSER, headless: true, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
try {
  const context = await browser.newContext({ colorScheme: SCHEME, viewport: { width: Number(WIDTH), height: 850 }, locale: 'en-GB' });
  await context.addInitScript(() => {
    window.shift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
    }).observe({ type: 'layout-shift', buffered: true }); // of what a person did not just ask for
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on('console', (message) => seen.complaints.push(message.text()));
  page.on('pageerror', (error) => seen.complaints.push(error.message));
  page.on('dialog', (dialog) => dialog.accept());
  await page.goto(address);
  await page.getByText('newsletter-november.csv').waitFor();
  await SCENES[SCENE](page);
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
  serving.stdin.end();
}
