// Thousands of bad rows: filtered by reason, many mended alike, one in place by the keyboard, one left out.
import { shot, visit } from '../browser.mjs';
import { begin, button, cell, field, lead, mend, only, planned, saved, stopped, tiles, toPlan } from './walk.mjs';

await visit(async ({ page, facts }) => {
  await begin(page, facts.file);
  const before = await lead(page);
  const reasons = await field(page, 'Reason').locator('option').allInnerTexts();

  await only(page, 'The name is empty');
  await cell(page, 0, 2).click();
  await page.keyboard.press('Shift+Space');
  await page.locator('dialog input').fill('Unknown');
  await button(page, 'Change all').click();
  await saved(page);

  await only(page, 'The e-mail address cannot exist');
  await cell(page, 0, 3).click();
  await mend(page, 'mended@example.com');
  await saved(page);
  const verdict = await cell(page, 0, 1).innerText();
  await page.keyboard.press('Delete'); // Enter has led to the row below
  await saved(page);
  const left = await cell(page, 1, 1).innerText();
  await shot(page, 'mended');

  await button(page, 'Check again').first().click();
  await button(page, 'Go on to the plan').click();
  const stop = await stopped(page);
  await field(page, 'Stop if more are invalid than (%)').selectOption('Never stop');
  await button(page, 'Make a new plan').last().click();
  await planned(page);
  await shot(page, 'mended-plan');
  const would = await tiles(page);
  await page.getByRole('link', { name: /Rows/ }).click();
  await cell(page, 0, 0).waitFor();
  return { before, reasons, verdict, left, stop, would, after: await lead(page) };
});
