// The import desk as it opens.
import { axe, visit } from './browser.mjs';

await visit(async ({ page }) => {
  await page.locator('h1').first().waitFor();
  return {
    title: await page.title(),
    heading: await page.locator('h1').first().innerText(),
    wide: await page.evaluate(() => document.documentElement.scrollWidth),
    axe: await axe(page),
  };
});
