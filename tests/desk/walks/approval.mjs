// An import is sent for approval, and somebody without a session at the desk approves it.
import { ask, open, visit } from '../browser.mjs';
import { at, begin, button, look, outcomes, toPlan, toReport } from './walk.mjs';

await visit(async ({ page, browser, facts }) => {
  await begin(page, facts.file, facts.target);
  await toPlan(page);
  await button(page, 'Send for approval').click();
  await page.locator('dialog').getByRole('button', { name: 'Send for approval' }).click();
  await at(page, 'progress');
  const link = page.getByRole('link', { name: 'Open the page of the approval' });
  await link.waitFor();
  const looks = { waiting: await look(page, 'waiting') };
  const waits = await page.locator('.notice.warn p').allInnerTexts();
  const before = await ask('sent');
  const other = await open(browser, facts, await link.getAttribute('href'));
  looks.approval = await look(other.page, 'approval');
  const asked = await other.page.locator('pre').innerText();
  await button(other.page, 'Approve').click();
  await other.page.getByRole('heading', { name: 'Approved' }).waitFor();
  const answered = await other.page.locator('p').innerText();
  await toReport(page);
  return { waits, before, asked, answered, looks, outcomes: await outcomes(page) };
});
