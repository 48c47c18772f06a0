// The server dies in the midst of an import and is started again: the page that was open finds the import again.
import { ask, shot, visit } from '../browser.mjs';
import { again, apply, begin, button, outcomes, toPlan, toReport, underWay } from './walk.mjs';

await visit(async ({ page, context, facts }) => {
  await begin(page, facts.file, facts.target);
  await toPlan(page);
  await ask('slow');
  await apply(page);
  await underWay(page);
  await ask('kill');
  await page.getByText('The connection is lost').first().waitFor();
  const lost = await page.locator('.banner').innerText();
  await shot(page, 'killed');
  await ask('restart');
  await page.evaluate(() => dispatchEvent(new Event('online'))); // so that it need not wait for its next try
  await button(page, 'I have logged in').waitFor(); // its sessions have ended with the server
  const tab = await context.newPage();
  await tab.goto(facts.link);
  await tab.getByRole('link', { name: facts.name }).waitFor();
  const listed = await tab.locator('.past tbody tr').innerText();
  await button(page, 'I have logged in').click();
  await toReport(page);
  await shot(page, 'killed-report');
  const said = await page.locator('.notice.bad').innerText();
  await again(page);
  await apply(page);
  await toReport(page);
  return { lost, listed, said, outcomes: await outcomes(page) };
});
