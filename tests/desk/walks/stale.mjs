// The target changes between plan and import: nothing is sent, what has changed is said, and a new plan holds.
import { ask, shot, visit } from '../browser.mjs';
import { again, apply, begin, outcomes, tiles, toPlan, toReport } from './walk.mjs';

await visit(async ({ page, facts }) => {
  await begin(page, facts.file, facts.target);
  await toPlan(page);
  const before = await tiles(page);
  await ask('change');
  await apply(page);
  await toReport(page);
  const refused = await page.locator('.notice.bad').innerText();
  const sent = await ask('sent');
  await shot(page, 'stale');
  await again(page);
  await shot(page, 'stale-anew');
  const after = await tiles(page);
  const why = await page.locator('.grid-body [role=row]', { hasText: 'Leave' }).innerText();
  await apply(page);
  await toReport(page);
  return { before, refused, sent, after, why, outcomes: await outcomes(page) };
});
