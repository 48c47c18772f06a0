// The sample customers, from the file to the report; axe looks at each step.
import { visit } from '../browser.mjs';
import { apply, button, choose, heading, look, outcomes, tiles, toColumns, toPlan, toReport, toRows } from './walk.mjs';

await visit(async ({ page, facts }) => {
  const looks = {};
  const see = async (name) => {
    looks[name] = await look(page, name);
  };
  await page.getByText('No imports yet').waitFor();
  await see('start');
  await choose(page, facts.file);
  await see('reading');
  await toColumns(page);
  await see('columns');
  await toRows(page);
  await see('rows');
  await toPlan(page);
  await see('plan');
  const planned = await tiles(page);
  await button(page, 'Apply this plan').click();
  await see('dialog');
  await button(page, 'Cancel').click();
  await apply(page);
  await see('progress');
  await toReport(page);
  await see('report');
  const panels = await page.locator('.panel:has(.reasons)').evaluateAll((all) =>
    all.map((panel) => [panel.querySelector('h2').innerText, [...panel.querySelectorAll('.reasons > li > p')].map((one) => one.innerText)]),
  );
  return { planned, heading: await heading(page), outcomes: await outcomes(page), reasons: Object.fromEntries(panels), looks };
});
