// The tiny desk without a session, and then without a server to answer.
import { visit } from './browser.mjs';

await visit(async ({ page, context }) => {
  await page.waitForFunction(() => document.querySelector('p')?.textContent !== '...');
  const text = await page.innerText('p');
  await context.setOffline(true);
  const lost = await page.evaluate(() =>
    globalThis.wmill.backend.greet({}).catch((error) => `${error.name}: ${error.message}`),
  );
  return { address: page.url(), text, lost };
});
