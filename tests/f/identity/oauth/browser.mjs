// A person in a Chromium: opens an address, signs in and consents on the provider's pages, and says what came of it.
import { chromium } from 'playwright-core';

const { BROWSER, ADDRESS, LOGIN, AGAIN } = process.env;
const browser = await chromium.launch({
  executablePath: BROWSER,
  headless: true,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
try {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  await page.goto(ADDRESS);
  const asked = page.url();
  const cookies = (await context.cookies()).filter((cookie) => cookie.name.startsWith('millwright'));
  if (LOGIN) {
    if (!(await page.$('input[name=login]'))) throw new Error(`${page.url()}: ${await page.innerText('body')}`);
    await page.fill('input[name=login]', LOGIN);
    await page.fill('input[name=password]', 'any');
    await page.click('button[type=submit]');
    await page.waitForSelector('button[type=submit]');
    await Promise.all([page.waitForURL(/\/api\/r\/|\/there/), page.click('button[type=submit]')]);
  }
  const result = {
    asked,
    cookies,
    url: page.url(),
    text: await page.innerText('body'),
    left: (await context.cookies()).filter((cookie) => cookie.name.startsWith('millwright')),
  };
  if (AGAIN) {
    await page.goto(AGAIN === 'same' ? page.url() : AGAIN);
    result.again = await page.innerText('body');
  }
  console.log(JSON.stringify(result));
} finally {
  await browser.close();
}
