// The login ends while somebody mends a row: the page says so and how to go on, and nothing is lost.
import { shot, visit } from '../browser.mjs';
import { begin, button, cell, lead, look, mend, saved } from './walk.mjs';

await visit(async ({ page, context, facts }) => {
  await begin(page, facts.file);
  const [cookie] = await context.cookies();
  await context.addCookies([{ ...cookie, value: 'of-yesterday' }]);
  await cell(page, 0, 3).click();
  await mend(page, 'mended@example.com');
  await button(page, 'I have logged in').waitFor();
  const said = await page.locator('.banner p').innerText();
  const kept = [await cell(page, 0, 1).innerText(), await page.locator('.foot [role=status]').innerText()];
  const looks = await look(page, 'session');
  const refusal = page.waitForResponse((reply) => reply.status() === 401);
  await Promise.all([refusal, button(page, 'I have logged in').click()]); // too early
  const tab = await context.newPage();
  await tab.goto(facts.link);
  await tab.getByRole('link', { name: facts.name }).waitFor();
  await button(page, 'I have logged in').click();
  await saved(page);
  await shot(page, 'session-back');
  const verdict = await cell(page, 0, 1).innerText();
  const notices = await page.locator('.banner, .notice.bad').count();
  await button(page, 'Check again').first().click();
  await button(page, 'Go on to the plan').waitFor();
  return { said, kept, looks, verdict, notices, after: await lead(page) };
});
