// What is no table, two columns for one field, and a target that lets nobody in: said where the person looks.
import { shot, visit } from '../browser.mjs';
import { aim, at, button, choose, field, give, stopped, toColumns, toRows } from './walk.mjs';

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const file = (name, content) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(content, 'base64') });
const alert = (page) => page.locator('main [role=alert]').innerText();

await visit(async ({ page, facts }) => {
  const seen = {};
  await give(page, file('nothing.csv', ''));
  seen.empty = await alert(page);
  await button(page, 'Back').click();

  await give(page, file('picture.csv', PNG));
  await at(page, 'reading');
  seen.picture = await alert(page);
  seen.onward = await button(page, 'Continue to the columns').isEnabled();
  await page.getByRole('link', { name: 'Choose another file' }).click();

  await choose(page, facts.file);
  await aim(page, facts.target);
  await toColumns(page);
  await field(page, 'Field for City').selectOption('email');
  seen.twice = await page.locator('li.column', { hasText: 'City' }).locator('[role=alert]').innerText();
  await shot(page, 'twice');
  await page.locator('li.column', { hasText: 'City' }).getByRole('button', { name: 'Cancel' }).click();
  seen.field = await field(page, 'Field for City').inputValue();
  await toRows(page);
  await button(page, 'Go on to the plan').click();
  seen.stop = await stopped(page);
  seen.apply = await button(page, 'Apply this plan').count();
  await shot(page, 'password');
  return seen;
});
