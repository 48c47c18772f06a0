// Two people with the same plan in front of them apply it at once.
import { open, shot, visit } from '../browser.mjs';
import { apply, begin, lead, outcomes, planned, toPlan, toReport } from './walk.mjs';

await visit(async ({ page, browser, facts }) => {
  await begin(page, facts.file, facts.target);
  await toPlan(page);
  const other = await open(browser, facts, facts.link + new URL(page.url()).hash);
  const people = [page, other.page];
  await planned(other.page);
  await Promise.all(people.map(apply));
  const said = await Promise.all(people.map(lead));
  await Promise.all(people.map(toReport));
  await shot(other.page, 'two');
  return { said, outcomes: await Promise.all(people.map(outcomes)) };
});
