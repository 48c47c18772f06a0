// An import is cancelled while it runs, and gone on with.
import { ask, shot, visit } from '../browser.mjs';
import { again, apply, begin, button, outcomes, toPlan, toReport, underWay } from './walk.mjs';

await visit(async ({ page, facts }) => {
  await begin(page, facts.file, facts.target);
  await toPlan(page);
  await ask('slow');
  await apply(page);
  await underWay(page);
  await button(page, 'Cancel the import').click();
  await page.locator('dialog').getByRole('button', { name: 'Cancel the import' }).click();
  await toReport(page);
  await shot(page, 'canceled');
  const said = await page.locator('.notice.bad').innerText();
  const part = await outcomes(page);
  const sent = await ask('fast');
  await again(page);
  await apply(page);
  await toReport(page);
  return { said, part, sent, outcomes: await outcomes(page) };
});
