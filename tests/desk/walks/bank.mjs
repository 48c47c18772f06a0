// A bank's export: what is found out of it, what its columns become, and its import.
import { shot, visit } from '../browser.mjs';
import { aim, apply, choose, chosen, field, heading, toColumns, toPlan, toReport, toRows } from './walk.mjs';

await visit(async ({ page, facts }) => {
  await choose(page, facts.file);
  const names = ['Encoding', 'Columns are separated by', 'Names of the columns'];
  const read = await Promise.all(names.map((name) => chosen(page, name)));
  const first = (await page.locator('.rows-as-read tbody tr').first().innerText()).split('\t');
  const noticed = await page.locator('.notes li').allInnerTexts();
  await shot(page, 'bank');
  await aim(page, facts.target);
  await field(page, 'Country of phone numbers').fill('de');
  await field(page, 'Country of phone numbers').press('Enter');
  await page.locator('.rows-as-read [aria-busy]').waitFor({ state: 'detached' });
  await toColumns(page);
  const columns = await page.locator('li.column').evaluateAll((all) =>
    Object.fromEntries(all.map((one) => [one.querySelector('h3').innerText, one.querySelector('select').selectedOptions[0].text])),
  );
  await toRows(page);
  await toPlan(page);
  await apply(page);
  await toReport(page);
  await shot(page, 'bank-report');
  return { read, first, noticed, columns, heading: await heading(page) };
});
